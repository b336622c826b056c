#include "apps/classify/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "apps/trained/json_fields.h"
#include "audio/collections/content_hash.h"
#include "tensor/files/file.h"

namespace melgrad {

template <json::Is<Part> T, class Visit>
void fields(T& part, Visit visit) {
  auto& [begin, end, strengths] = part;
  visit("begin", begin);
  visit("end", end);
  visit("strengths", strengths);
}

template <json::Is<Heard> T, class Visit>
void fields(T& heard, Visit visit) {
  auto& [seconds, rate, windows, picture] = heard;
  visit("seconds", seconds);
  visit("rate", rate);
  visit("windows", windows);
  visit("picture", picture);
}

Journal::Journal(std::filesystem::path path, std::string key)
    : path_(std::move(path)),
      key_(std::move(key)),
      descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  check(descriptor_ >= 0, "journal", "cannot write {}: {}", path_, std::strerror(errno));
  std::string all = read_file(path_);
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end + 1) {
    end = std::min(all.find('\n', begin), all.size());
    auto line = without_checksum(std::string_view(all).substr(begin, end - begin));
    if (!line || !line->starts_with(key_ + " ")) continue;
    std::size_t hash = key_.size() + 1, text = line->find(' ', hash);
    lines_[line->substr(hash, text - hash)] = line->substr(text + 1);
  }
}

Journal::~Journal() { close(descriptor_); }

std::optional<Heard> Journal::find(const std::string& hash) const {
  auto line = lines_.find(hash);
  if (line == lines_.end()) return std::nullopt;
  Heard heard;
  json::read(json::Json::parse(line->second), "", heard);
  return heard;
}

// The newline comes first, so that a line which somebody left unfinished does not spoil the next.
void Journal::add(const std::string& hash, const Heard& heard) {
  std::string text = key_ + " " + hash + " " + json::written(heard).dump();
  std::string line = "\n" + with_checksum(text);
  std::scoped_lock lock(mutex_);
  for (std::size_t done = 0; done < line.size();) {
    ssize_t some = write(descriptor_, line.data() + done, line.size() - done);
    if (some < 0 && errno == EINTR) continue;
    check(some > 0, "journal", "cannot write {}: {}", path_, std::strerror(errno));
    done += static_cast<std::size_t>(some);
  }
}

void Journal::remove() { unlink(path_.c_str()); }

}  // namespace melgrad
