#include "apps/features/written_files.h"

#include <sstream>
#include <utility>

#include "audio/collections/cache.h"
#include "audio/collections/content_hash.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

std::string hash_of(const std::string& text) { return hexadecimal(fnv(text)); }

fs::path made(fs::path folder) {
  std::error_code reason;
  fs::create_directories(folder, reason);
  check(!reason, "features", "{}: {}", folder, reason ? reason.message() : "");
  return folder;
}

}  // namespace

WrittenFiles::WrittenFiles(fs::path folder, const std::string& recipe)
    : folder_(made(std::move(folder))), recipe_(hash_of(recipe)), lines_(folder_ / ".features") {
  for (const std::string& line : read_checked_lines(lines_.path())) {
    std::string name;
    Record record;
    std::istringstream(line) >> record.recipe >> record.source >> record.result >> name;
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

void WrittenFiles::write(const fs::path& name, const std::string& source,
                         const std::string& bytes) {
  fs::create_directories((folder_ / name).parent_path());
  AtomicFile file(folder_ / name);
  file.write(bytes);
  lines_.add(format("{} {} {} {}", recipe_, source, hash_of(bytes), hash_of(name.string())));
  file.commit();
}

}  // namespace melgrad
