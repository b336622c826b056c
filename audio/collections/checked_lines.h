#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace melgrad {

/// A file to which lines are only added, each with a checksum, by several threads and processes at
/// once. What a killed one left unfinished is as if it were not there, and so is a damaged line.
class CheckedLines {
 public:
  /// Opens the file, or makes it. Throws Error that names it, as all here does.
  explicit CheckedLines(std::filesystem::path path);
  CheckedLines(const CheckedLines&) = delete;
  CheckedLines& operator=(const CheckedLines&) = delete;
  ~CheckedLines();

  const std::filesystem::path& path() const { return path_; }
  /// `text`: without a newline.
  void add(const std::string& text);

 private:
  std::filesystem::path path_;
  int descriptor_;
};

std::vector<std::string> read_checked_lines(const std::filesystem::path& path);

}  // namespace melgrad
