#include "apps/features/written_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <utility>

#include "audio/collections/cache.h"
#include "audio/collections/content_hash.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = ".features";

std::string hash_of(const std::string& text) { return hexadecimal(fnv(text)); }

}  // namespace

WrittenFiles::WrittenFiles(fs::path folder, const std::string& recipe)
    : folder_(std::move(folder)), recipe_(hash_of(recipe)) {
  fs::path file = folder_ / file_name;
  std::error_code reason;
  fs::create_directories(folder_, reason);
  check(!reason, "features", "{}: {}", folder_, reason ? reason.message() : "");
  descriptor_ = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  check(descriptor_ >= 0, "features", "{}: {}", file, std::strerror(errno));
  try {
    read();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

WrittenFiles::~WrittenFiles() { close(descriptor_); }

void WrittenFiles::read() {
  std::istringstream lines(read_file(folder_ / file_name));
  for (std::string line; std::getline(lines, line);) {
    auto text = without_checksum(line);
    if (!text) continue;
    std::string name;
    Record record;
    std::istringstream(*text) >> record.recipe >> record.source >> record.result >> name;
    known_.emplace(name, record);
  }
}

Standing WrittenFiles::standing(const fs::path& name, const std::string& source) const {
  fs::path path = folder_ / name;
  if (!fs::exists(path)) return Standing::missing;
  if (!knows(name)) return Standing::foreign;
  std::string result = content_hash(path);
  Standing standing = Standing::edited;
  auto [first, last] = known_.equal_range(hash_of(name.string()));
  for (auto each = first; each != last; ++each) {
    const Record& made = each->second;
    if (made.result != result) continue;
    if (made.source == source && made.recipe == recipe_) return Standing::done;
    if (made.source == source) standing = Standing::other_parameters;
    if (standing == Standing::edited) standing = Standing::other_source;
  }
  return standing;
}

bool WrittenFiles::knows(const fs::path& name) const {
  return known_.contains(hash_of(name.string()));
}

// In one call, so that lines of several processes do not mix. The newline comes first: a line that
// somebody left unfinished does not spoil the next.
void WrittenFiles::write(const fs::path& name, const std::string& source,
                         const std::string& bytes) {
  fs::create_directories((folder_ / name).parent_path());
  AtomicFile file(folder_ / name);
  file.write(bytes);
  std::string record =
      format("{} {} {} {}", recipe_, source, hash_of(bytes), hash_of(name.string()));
  std::string line = "\n" + with_checksum(record);
  ssize_t written = ::write(descriptor_, line.data(), line.size());
  check(written == static_cast<ssize_t>(line.size()), "features", "{}: {}", folder_ / file_name,
        written < 0 ? std::strerror(errno) : "no room for another line");
  file.commit();
}

}  // namespace melgrad
