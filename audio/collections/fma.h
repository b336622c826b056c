#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "audio/collections/dataset.h"
#include "audio/collections/split.h"

namespace melgrad {

/// What the table says of a track; what it does not say is empty.
struct FmaTrack {
  std::string title, artist, album;
  std::string part;  // "training", "validation" or "test"
};

/// The Free Music Archive's data set (Defferrard et al. 2017, arXiv 1612.01840).
struct Fma {
  Collection collection;  // group: the artist
  /// Of the collection, by the stem of their files: "000002".
  std::map<std::string, FmaTrack> tracks;
};

/// audio: a folder with 000/000002.mp3 …; tracks: fma_metadata/tracks.csv, whose heading has three
/// lines. Takes the tracks of `subset` ("small", "medium", which contains small, or "large").
/// Files that are missing or cannot be opened are skipped and named, and so are sounds that are of no
/// such track, in one line. Throws Error that says which where the table lacks a column (genre, subset,
/// split, artist's number) or has an unknown word for a part of the split, and where no track is left.
Fma read_fma(const std::filesystem::path& audio, const std::filesystem::path& tracks,
             const std::string& subset = "small");

/// The official split of a collection that was made from `fma`'s, of clips that may have been left out.
/// Throws Error on a clip that is no track.
Split official_split(const Fma& fma, const Collection& collection);

}  // namespace melgrad
