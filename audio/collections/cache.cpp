#include "audio/collections/cache.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "audio/collections/content_hash.h"
#include "audio/collections/feature_rows.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// The files of one recipe, or what was set aside.
struct Entry {
  fs::path path;  // of the rows
  u64 bytes = 0;
  fs::file_time_type used;
};

bool holds_rows(const fs::path& path) {
  return path.extension() == ".rows" || path.extension() == ".damaged";
}

fs::path keys_of(fs::path rows) { return rows.replace_extension(".keys"); }

/// Files may vanish while another process makes room: those are left out.
std::vector<Entry> entries_of(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) {
    if (!holds_rows(file.path())) continue;
    u64 bytes = file.file_size(error);
    if (error) continue;
    fs::file_time_type used = file.last_write_time(error);
    if (error) continue;
    u64 keys = fs::file_size(keys_of(file.path()), error);
    entries.push_back({file.path(), bytes + (error ? 0 : keys), used});
  }
  return entries;
}

u64 bytes_of(const std::vector<Entry>& entries) {
  u64 sum = 0;
  for (const Entry& entry : entries) sum += entry.bytes;
  return sum;
}

/// False if somebody is using it, or it is not ours to remove.
bool remove_unused(const fs::path& path) {
  try {
    SharedFile file(path);
    if (!file.try_lock_alone() || !file.is_at_its_path()) return false;
    std::error_code error;
    if (path.extension() == ".rows") fs::remove(keys_of(path), error);
    return fs::remove(path, error);
  } catch (const Error&) {
    return false;
  }
}

void make_room(const fs::path& folder, u64 limit) {
  std::vector<Entry> entries = entries_of(folder);
  u64 sum = bytes_of(entries);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (sum <= limit) return;
    if (remove_unused(entry.path)) sum -= entry.bytes;
  }
}

/// Two hashes from different starts: 128 bits, so that no two recipes share a file by accident.
std::string name_of(const std::string& recipe) {
  u64 first = fnv(recipe), second = fnv(recipe, fnv(hexadecimal(first)));
  return hexadecimal(first) + hexadecimal(second);
}

}  // namespace

struct FeatureCache::State {
  State(fs::path place, u64 most)
      : folder(std::move(place)), limit(most), hashes(folder / "hashes") {}

  fs::path folder;
  u64 limit;
  RememberedHashes hashes;
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<FeatureRows::State>> open;  // by name
};

FeatureCache::FeatureCache(fs::path folder, u64 limit) {
  std::error_code error;
  fs::create_directories(folder, error);
  check(fs::is_directory(folder), "cache", "cannot make the folder {}: {}", folder,
        error.message());
  state_ = std::make_shared<State>(std::move(folder), limit);
}

FeatureRows FeatureCache::rows(const std::string& recipe, const Shape& shape, Dtype dtype) {
  std::string name = name_of(format("{} {} {}", to_string(shape), melgrad::name_of(dtype), recipe));
  std::scoped_lock lock(state_->mutex);
  FeatureRows rows;
  rows.state_ = state_->open[name].lock();
  if (rows.state_) return rows;
  rows.state_ = std::make_shared<FeatureRows::State>(
      state_->folder / name, recipe, shape, dtype,
      [folder = state_->folder, limit = state_->limit] { make_room(folder, limit); });
  state_->open[name] = rows.state_;
  return rows;
}

std::string FeatureCache::hash(const fs::path& path) { return state_->hashes.of(path); }

u64 FeatureCache::size() const { return bytes_of(entries_of(state_->folder)); }

}  // namespace melgrad
