#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "audio/collections/checked_lines.h"

namespace melgrad {

/// What was heard so far, in a file beside the output until that is complete: a line a song, added
/// when the song is done, with a checksum. Whenever the program is killed, what it had heard is not
/// heard again. Throws Error that names the file where it cannot be written.
class Journal {
 public:
  /// Lines of another `key` (the weights, the settings, the program's version) are passed over.
  Journal(std::filesystem::path path, std::string key);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What was heard of the song whose content has this hash.
  std::optional<std::string> find(const std::string& hash) const;
  /// For several threads at once. `heard`: without a newline.
  void add(const std::string& hash, const std::string& heard);
  /// The output is complete.
  void remove();
  std::size_t size() const { return lines_.size(); }

 private:
  CheckedLines file_;
  std::string key_;
  std::map<std::string, std::string> lines_;  // by hash, as they were when it was opened
};

}  // namespace melgrad
