#include "audio/collections/shared_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kernels/error.h"

namespace melgrad {
namespace {

/// Linux moves at most 2 GiB in one call, and a signal may cut any call short.
constexpr std::size_t largest_transfer = std::size_t{1} << 30U;

}  // namespace

SharedFile::SharedFile(std::filesystem::path path)
    : path_(std::move(path)), descriptor_(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  check(descriptor_ >= 0, "cache", "{}: {}", path_, std::strerror(errno));
}

SharedFile::~SharedFile() { close(descriptor_); }

u64 SharedFile::size() const {
  struct stat status {};
  check(fstat(descriptor_, &status) == 0, "cache", "{}: {}", path_, std::strerror(errno));
  return static_cast<u64>(status.st_size);
}

bool SharedFile::is_at_its_path() const {
  struct stat here {
  }, there{};
  return fstat(descriptor_, &here) == 0 && stat(path_.c_str(), &there) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

void SharedFile::read(u64 begin, void* target, std::size_t bytes) const {
  auto* place = static_cast<char*>(target);
  while (bytes > 0) {
    ssize_t count =
        pread(descriptor_, place, std::min(bytes, largest_transfer), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    check(count >= 0, "cache", "{}: {}", path_, std::strerror(errno));
    check(count > 0, "cache", "{}: the file was cut off, {} bytes are missing", path_, bytes);
    place += count;
    begin += static_cast<u64>(count);
    bytes -= static_cast<std::size_t>(count);
  }
}

void SharedFile::replace_end(u64 begin, const void* data, std::size_t bytes) {
  const auto* place = static_cast<const char*>(data);
  u64 at = begin;
  while (bytes > 0) {
    ssize_t count =
        pwrite(descriptor_, place, std::min(bytes, largest_transfer), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      int reason = count < 0 ? errno : ENOSPC;
      if (ftruncate(descriptor_, static_cast<off_t>(begin)) != 0) errno = reason;
      fail("cache", "{}: {}", path_, std::strerror(reason));
    }
    place += count;
    at += static_cast<u64>(count);
    bytes -= static_cast<std::size_t>(count);
  }
  if (size() > at) cut(at);
}

void SharedFile::cut(u64 size) {
  check(ftruncate(descriptor_, static_cast<off_t>(size)) == 0, "cache", "{}: {}", path_,
        std::strerror(errno));
}

void SharedFile::sync() {
  check(fdatasync(descriptor_) == 0, "cache", "{}: {}", path_, std::strerror(errno));
}

void SharedFile::touch() { futimens(descriptor_, nullptr); }

bool SharedFile::lock(int operation) {
  while (flock(descriptor_, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    check(errno == EINTR, "cache", "{} cannot be locked: {}", path_, std::strerror(errno));
  }
  return true;
}

void SharedFile::lock_shared() { lock(LOCK_SH); }
void SharedFile::lock_alone() { lock(LOCK_EX); }
bool SharedFile::try_lock_alone() { return lock(LOCK_EX | LOCK_NB); }
void SharedFile::unlock() { lock(LOCK_UN); }

}  // namespace melgrad
