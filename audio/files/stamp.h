#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace melgrad {

/// What the system says of a file, which changes when the file's bytes do.
struct Stamp {
  std::string text;  // size, times of change, place
  /// A change from now on has another time. One within two seconds of the last may have the same, as
  /// times are coarse (git-scm.com/docs/racy-git).
  bool is_settled = false;
};

/// Nothing where there is no such file.
std::optional<Stamp> stamp_of(const std::filesystem::path& path);

}  // namespace melgrad
