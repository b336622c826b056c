#include "audio/files/stamp.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "kernels/dtype.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

i64 nanoseconds(const timespec& time) { return i64{time.tv_sec} * 1000000000 + time.tv_nsec; }

}  // namespace

std::optional<Stamp> stamp_of(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  i64 written = nanoseconds(status.st_mtim), changed = nanoseconds(status.st_ctim);
  bool is_settled = nanoseconds(now) - std::max(written, changed) > i64{2} * 1000000000;
  return Stamp{
      format("{} {} {} {}:{}", status.st_size, written, changed, status.st_dev, status.st_ino),
      is_settled};
}

}  // namespace melgrad
