#pragma once
#include <filesystem>

#include "kernels/dtype.h"

namespace melgrad {

/// A file that several processes read and write at once. Everything throws Error that names it.
class SharedFile {
 public:
  /// Opens it, or makes an empty one.
  explicit SharedFile(std::filesystem::path path);
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;
  ~SharedFile();  // gives the lock back, as does the end of the process

  const std::filesystem::path& path() const { return path_; }
  u64 size() const;
  /// Whether another process has not removed or replaced it: it can be used all the same.
  bool is_at_its_path() const;
  /// Throws Error where the file is shorter.
  void read(u64 begin, void* target, std::size_t bytes) const;
  /// Makes `bytes` all that follows `begin`; where there is no room for them, nothing follows it.
  void replace_end(u64 begin, const void* data, std::size_t bytes);
  void cut(u64 size);
  /// To the disk.
  void sync();
  /// It was used just now.
  void touch();

  /// flock(2): of this object, not of its process.
  void lock_shared();
  void lock_alone();
  bool try_lock_alone();
  void unlock();

 private:
  bool lock(int operation);

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace melgrad
