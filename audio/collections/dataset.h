#pragma once
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// One file of a data set. `group` says what must not cross a split: the song, or the artist.
struct Example {
  std::filesystem::path path;
  i64 label = 0;  // index into Collection::classes
  std::string group;
  // The part of the file that this example is; seconds. The whole of it unless segmented().
  double offset = 0, duration = std::numeric_limits<double>::infinity();
};
/// A file that cannot be used, and why.
struct Skipped {
  std::filesystem::path path;
  std::string reason;
};
struct Collection {
  std::vector<std::string> classes;
  std::vector<Example> examples;  // sorted by class, then path
  std::vector<Skipped> skipped;
  bool is_segmented = false;  // several examples are parts of one file

  /// Examples of each class.
  std::vector<i64> counts() const;
};

/// A folder per class of audio files or pictures (png, jpg, bmp), told by extension; other files
/// and names that begin with a dot are passed over. Every file's header is opened: what is empty,
/// damaged or of another format than its name says is skipped and named. The group of an example
/// is its stem. `classes` picks folders and their order; none given: all, by name.
///
/// Throws Error if the folder is missing or unreadable, has no class folders or only one, if one of
/// `classes` is missing or named twice, or if a class has no readable file.
Collection scan_folder(const std::filesystem::path& folder,
                       const std::vector<std::string>& classes = {});

/// `count` parts of `seconds` of every example, one after the other from its beginning (study D: 10
/// of 3 s). All keep its group, so that a grouped split leaves songs whole; the splits that look at
/// examples one by one refuse such a collection unless told Leak::allow.
Collection segmented(const Collection& collection, i64 count, double seconds);

}  // namespace melgrad
