#pragma once
#include <filesystem>
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
  i64 dropped = 0;                    // rows without a genre, or with a field that is no number
};

/// Study D's table: 11 features of each song. `key` becomes one column a key without the first of
/// them ("key=A#" …); `mode` becomes 1 for Major. Genres with fewer than `fewest` songs are left
/// out. genre_column: "music_genre", "track_genre", "genre"…; empty: the first of these that is
/// there. Throws Error on a missing column or where fewer than two genres are left.
SongTable read_spotify(const std::filesystem::path& csv, const std::string& genre_column = "",
                       i64 fewest = 500);

}  // namespace melgrad
