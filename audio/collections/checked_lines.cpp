#include "audio/collections/checked_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "audio/collections/content_hash.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {

CheckedLines::CheckedLines(std::filesystem::path path)
    : path_(std::move(path)),
      descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  check(descriptor_ >= 0, "lines", "cannot write {}: {}", path_, std::strerror(errno));
}

CheckedLines::~CheckedLines() { close(descriptor_); }

std::vector<std::string> read_checked_lines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  const std::string all = read_file(path);
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end + 1) {
    end = std::min(all.find('\n', begin), all.size());
    auto text = without_checksum(std::string_view(all).substr(begin, end - begin));
    if (text) lines.push_back(std::move(*text));
  }
  return lines;
}

// In one call, so that lines of several processes do not mix. The newline comes first, so that a line
// that somebody left unfinished does not spoil the next.
void CheckedLines::add(const std::string& text) {
  std::string line = "\n" + with_checksum(text);
  ssize_t written = write(descriptor_, line.data(), line.size());
  check(written == static_cast<ssize_t>(line.size()), "lines", "cannot write {}: {}", path_,
        written < 0 ? std::strerror(errno) : "there is no room for another line");
}

}  // namespace melgrad
