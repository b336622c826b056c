#pragma once
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// One file of a data set. `group` says what must not cross a split: the song, album or artist.
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
  bool has_albums = false;    // several files are of one group: split by group to keep it whole

  /// Examples of each class.
  std::vector<i64> counts() const;
  /// Groups of each class: a split by group needs as many as it has parts.
  std::vector<i64> group_counts() const;
};

/// A folder per class of sounds, or of pictures (png, jpg, bmp) where there is no sound at all:
/// what lies beside sounds are covers. Every folder below a class is looked into (files_below()):
/// the group of rock/album/cd1/song.mp3 is "rock/album", that of rock/song.mp3 its stem.
/// Every file's header is opened: what is empty, damaged or of another format than its name says is
/// skipped and named, and so is whatever else somebody may have expected to be read.
///
/// `classes` picks folders and their order, and each is called by the last part of its path; none
/// given: all that have anything to be read, by name. The folders in `except` are passed over with
/// all below them: what the program itself writes.
///
/// Throws Error if the folder is missing or unreadable, has no class folders or only one; if one of
/// `classes` is missing, or one folder or name is two classes; if a class has no readable file, with
/// the first reason.
Collection scan_folder(const std::filesystem::path& folder,
                       const std::vector<std::string>& classes = {},
                       const std::vector<std::filesystem::path>& except = {});

/// `count` parts of `seconds` of every example, one after the other from its beginning (study D: 10
/// of 3 s). All keep its group, so that a grouped split leaves songs whole; the splits that look at
/// examples one by one refuse such a collection unless told Leak::allow.
Collection segmented(const Collection& collection, i64 count, double seconds);

}  // namespace melgrad
