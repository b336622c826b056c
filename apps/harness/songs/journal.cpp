#include "apps/harness/songs/journal.h"

#include <unistd.h>

namespace melgrad {

Journal::Journal(std::filesystem::path path, std::string key)
    : file_(std::move(path)), key_(std::move(key)) {
  for (const std::string& line : read_checked_lines(file_.path())) {
    if (!line.starts_with(key_ + " ")) continue;
    std::size_t hash = key_.size() + 1, text = line.find(' ', hash);
    lines_[line.substr(hash, text - hash)] = line.substr(text + 1);
  }
}

std::optional<std::string> Journal::find(const std::string& hash) const {
  auto line = lines_.find(hash);
  return line == lines_.end() ? std::nullopt : std::optional(line->second);
}

void Journal::add(const std::string& hash, const std::string& heard) {
  file_.add(key_ + " " + hash + " " + heard);
}

void Journal::remove() { unlink(file_.path().c_str()); }

}  // namespace melgrad
