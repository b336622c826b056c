#include "audio/collections/content_hash.h"

#include <algorithm>
#include <vector>

#include "audio/collections/cache.h"
#include "audio/collections/checked_lines.h"
#include "audio/files/stamp.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digits = 16;

/// Hash, stamp in four words, path.
std::string line_of(const std::string& name, const std::string& hash_and_stamp) {
  return hash_and_stamp + " " + name;
}

}  // namespace

u64 fnv(std::string_view bytes, u64 so_far) {
  for (char byte : bytes) so_far = (so_far ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return so_far;
}

std::string hexadecimal(u64 value) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 15U];
  return text;
}

std::string with_checksum(const std::string& text) { return hexadecimal(fnv(text)) + " " + text; }

std::optional<std::string> without_checksum(std::string_view line) {
  if (line.size() <= digits) return std::nullopt;
  std::string text(line.substr(digits + 1));
  if (line != with_checksum(text)) return std::nullopt;
  return text;
}

std::string content_hash(const fs::path& path) {
  InputFile file(path);
  std::vector<char> block(1U << 20U);
  u64 hash = fnv_start;
  for (u64 at = 0; at < file.size();) {
    auto count = static_cast<std::size_t>(std::min<u64>(block.size(), file.size() - at));
    file.read(at, block.data(), count);
    hash = fnv({block.data(), count}, hash);
    at += count;
  }
  return hexadecimal(hash);
}

RememberedHashes::RememberedHashes(fs::path path) : path_(std::move(path)) {
  try {
    read();
  } catch (const Error&) {  // not there, or not to be read or written: nothing is remembered
  }
}

void RememberedHashes::read() {
  std::vector<std::string> lines = read_checked_lines(path_);
  for (const std::string& line : lines) {
    std::size_t name = 0;
    for (int word = 0; word < 5; ++word) name = line.find(' ', name) + 1;
    known_[line.substr(name)] = line.substr(0, name - 1);
  }
  if (lines.size() < 2 * known_.size() + 1000) return;
  std::string kept;  // each file once
  for (const auto& [name, rest] : known_) kept += "\n" + with_checksum(line_of(name, rest));
  write_file(path_, kept);
}

std::string RememberedHashes::of(const fs::path& path) {
  std::string name = fs::absolute(path).lexically_normal().string();
  std::optional<Stamp> before = stamp_of(path);
  if (before) {
    std::scoped_lock lock(mutex_);
    auto found = known_.find(name);
    if (found != known_.end() && found->second.substr(digits + 1) == before->text)
      return found->second.substr(0, digits);
  }
  std::string hash = content_hash(path);
  std::optional<Stamp> after = stamp_of(path);
  bool still = before && after && before->text == after->text;
  if (still && before->is_settled && name.find('\n') == std::string::npos) {
    std::scoped_lock lock(mutex_);
    known_[name] = hash + " " + before->text;
    append(name, known_[name]);
  }
  return hash;
}

// What cannot be written is hashed again the next time. Opened anew: another process may have put a
// shorter file in its place.
void RememberedHashes::append(const std::string& name, const std::string& rest) {
  try {
    CheckedLines(path_).add(line_of(name, rest));
  } catch (const Error&) {
  }
}

}  // namespace melgrad
