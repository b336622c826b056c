#include "apps/classify/journal.h"

#include <unistd.h>

#include "apps/trained/json_fields.h"

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
    : file_(std::move(path)), key_(std::move(key)) {
  for (const std::string& line : read_checked_lines(file_.path())) {
    if (!line.starts_with(key_ + " ")) continue;
    std::size_t hash = key_.size() + 1, text = line.find(' ', hash);
    lines_[line.substr(hash, text - hash)] = line.substr(text + 1);
  }
}

std::optional<Heard> Journal::find(const std::string& hash) const {
  auto line = lines_.find(hash);
  if (line == lines_.end()) return std::nullopt;
  Heard heard;
  json::read(json::Json::parse(line->second), "", heard);
  return heard;
}

void Journal::add(const std::string& hash, const Heard& heard) {
  file_.add(key_ + " " + hash + " " + json::written(heard).dump());
}

void Journal::remove() { unlink(file_.path().c_str()); }

}  // namespace melgrad
