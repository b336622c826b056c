#include "audio/collections/cache.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "tensor/files/file.h"
#include "tensor/files/npy.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr u64 fnv_start = 14695981039346656037U, fnv_prime = 1099511628211U;

u64 fnv(u64 hash, const char* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    hash = (hash ^ static_cast<unsigned char>(bytes[i])) * fnv_prime;
  return hash;
}

std::string hexadecimal(u64 value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 15U];
  return text;
}

struct Entry {
  fs::path path;
  u64 bytes;
  fs::file_time_type used;
};

/// Files may vanish while another process makes room: those are left out. What a killed process left
/// half written counts when it is so old that nobody is still writing it.
std::vector<Entry> entries_of(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  fs::file_time_type an_hour_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) {
    u64 bytes = file.file_size(error);
    if (error) continue;
    fs::file_time_type used = file.last_write_time(error);
    if (error) continue;
    fs::path extension = file.path().extension();
    if (extension == ".npy" || (extension == ".partial" && used < an_hour_ago))
      entries.push_back({file.path(), bytes, used});
  }
  return entries;
}

}  // namespace

std::string content_hash(const fs::path& path) {
  InputFile file(path);
  std::vector<char> block(1U << 20U);
  u64 hash = fnv_start;
  for (u64 at = 0; at < file.size();) {
    auto count = static_cast<std::size_t>(std::min<u64>(block.size(), file.size() - at));
    file.read(at, block.data(), count);
    hash = fnv(hash, block.data(), count);
    at += count;
  }
  return hexadecimal(hash);
}

FeatureCache::FeatureCache(fs::path folder, u64 limit) : folder_(std::move(folder)), limit_(limit) {
  std::error_code error;
  fs::create_directories(folder_, error);
  check(fs::is_directory(folder_), "cache", "cannot make the folder {}: {}", folder_,
        error.message());
}

std::string FeatureCache::key(const fs::path& path, const std::string& description) {
  return content_hash(path) + " " + description;
}

fs::path FeatureCache::file_of(const std::string& key) const {
  // Two hashes from different starts: 128 bits, so that no two keys share a name by accident.
  u64 first = fnv(fnv_start, key.data(), key.size());
  u64 second = fnv(first * fnv_prime ^ 0x5bd1e995U, key.data(), key.size());
  return folder_ / (hexadecimal(first) + hexadecimal(second) + ".npy");
}

std::optional<Tensor> FeatureCache::get(const std::string& key) const {
  fs::path path = file_of(key);
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  try {
    Tensor value = load_npy(path);
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);  // used just now
    return value;
  } catch (const Error&) {
    fs::remove(path, error);
    return std::nullopt;
  }
}

void FeatureCache::put(const std::string& key, const Tensor& value) {
  save_npy(file_of(key), value);
  make_room();
}

u64 FeatureCache::size() const {
  u64 sum = 0;
  for (const Entry& entry : entries_of(folder_)) sum += entry.bytes;
  return sum;
}

void FeatureCache::make_room() {
  std::vector<Entry> entries = entries_of(folder_);
  u64 sum = 0;
  for (const Entry& entry : entries) sum += entry.bytes;
  if (sum <= limit_) return;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  std::error_code error;
  for (const Entry& entry : entries) {
    if (sum <= limit_ - limit_ / 10) break;  // some way below, so that not every put has to
    fs::remove(entry.path, error);
    sum -= entry.bytes;
  }
}

}  // namespace melgrad
