#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// Songs described by numbers (danceability, energy, tempo …), not by sound.
struct SongTable {
  std::vector<std::string> features;  // columns of x
  std::vector<std::string> classes;   // genres, by name
  Tensor x;                           // (songs, features) f32
  Tensor labels;                      // (songs) i64
  i64 dropped = 0;                    // rows that cannot be used, or repeat another

  std::vector<std::string> names = {};   // of the songs, each its own: "jazz/ID", "jazz/row 17"
  std::vector<std::string> groups = {};  // songs of one group are one recording
  std::vector<std::string> notes =
      {};                      // what was left out, and what to know of the rest: sentences
  std::string first_key = {};  // the key that has no column; empty: there are no keys
};

/// How a file of songs is to be read.
struct SongColumns {
  std::string genre = {};  // empty: the first of music_genre, track_genre, playlist_genre, genre
  std::string id = {};     // what tracks are told apart by; empty: track_id or id, or nothing
  std::string group = {};  // rows with the same are of one group: "artists"; empty: nothing
  std::vector<std::string> inputs = {};           // empty: those of Spotify's eleven that are there
  std::map<std::string, std::string> names = {};  // an input -> what the file calls it
  std::vector<std::string> genres = {};           // only these, in this order; empty: all
  i64 fewest = 500;                               // songs of a genre
};

/// Spotify's features of a song, study D's inputs.
const std::vector<std::string>& spotify_features();

/// Study D's table. Columns of x are the inputs in their order, `mode` 1 for Major, and last a column
/// for each key but the first ("key=A#" …).
///
/// A row is left out without a genre, with another number of fields than the heading, or where an input
/// is no number: "?", nothing, text, or less than 0 (Spotify's −1) in a feature of Spotify's other than
/// loudness. Of rows with the same id and genre (without ids: the same fields) the first stays. A track
/// in several genres stays in each. Then genres with fewer than `fewest` songs are left out. Songs with
/// the same id, with the same numbers, or alike in the column `group` are of one group.
///
/// Throws Error that lists the columns where one is missing that was asked for, the genre, or all but
/// one of the inputs; and where fewer than two genres are left, or one of `genres` is not there.
SongTable read_spotify(const std::filesystem::path& csv, const SongColumns& columns = {});

}  // namespace melgrad
