#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/dtype.h"

namespace melgrad {

/// FNV-1a, 64 bits, of bytes that follow those that gave `so_far`.
constexpr u64 fnv_start = 14695981039346656037U;
u64 fnv(std::string_view bytes, u64 so_far = fnv_start);
/// 16 digits.
std::string hexadecimal(u64 value);

/// `text` after a checksum of it; what does not begin with its checksum is nothing.
std::string with_checksum(const std::string& text);
std::optional<std::string> without_checksum(std::string_view line);

/// Contents of files by what the system says of them, kept in a file of its own: lines that are only
/// added. A damaged line is as if it were not there. For several threads and processes at once.
class RememberedHashes {
 public:
  explicit RememberedHashes(std::filesystem::path path);
  /// content_hash(path). A file that changed within the last two seconds may change again without a
  /// sign of it, as times are coarse (git-scm.com/docs/racy-git): it is not remembered.
  std::string of(const std::filesystem::path& path);

 private:
  void read();
  void append(const std::string& name, const std::string& rest);

  std::filesystem::path path_;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;  // absolute path -> hash, size, times, place
};

}  // namespace melgrad
