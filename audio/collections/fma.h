#pragma once
#include <filesystem>

#include "audio/collections/dataset.h"
#include "audio/collections/split.h"

namespace melgrad {

/// The Free Music Archive's data set (Defferrard et al. 2017, arXiv 1612.01840).
struct Fma {
  Collection collection;  // group: the artist
  Split official;         // the published split, by artist
};

/// audio: a folder with 000/000002.mp3 …; tracks: fma_metadata/tracks.csv, whose heading has three
/// lines. Takes the tracks of `subset` ("small", "medium" — which contains small — or "large").
/// Files that are missing or cannot be opened are skipped and named. Throws Error on a table that
/// lacks a column, or where no track is left.
Fma read_fma(const std::filesystem::path& audio, const std::filesystem::path& tracks,
             const std::string& subset = "small");

}  // namespace melgrad
