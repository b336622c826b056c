#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "audio/collections/cache.h"
#include "audio/collections/shared_file.h"

namespace melgrad {

/// Two files. NAME.rows: a header, then the rows. NAME.keys: a line a row, written when the row is on
/// the disk: checksum, number, key. Who has the rows open holds a shared lock on NAME.rows, so that
/// nobody removes or mends them meanwhile; who writes holds the lock on NAME.keys.
struct FeatureRows::State {
  State(const std::filesystem::path& stem, const std::string& recipe, const Shape& row_shape,
        Dtype row_dtype, std::function<void()> when_grown);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  u64 begin_of(i64 row) const { return header_bytes + static_cast<u64>(row) * row_bytes; }
  i64 put(const std::string& key, const void* row);
  std::optional<i64> find(const std::string& key);
  i64 size();
  void flush();

  const Shape shape;
  const Dtype dtype;
  const std::size_t row_bytes, header_bytes;
  std::unique_ptr<SharedFile> rows, keys;

 private:
  bool open(const std::filesystem::path& stem, const std::string& header);
  void set_aside();
  void catch_up();
  void write_keys();

  std::mutex mutex_;
  std::unordered_map<std::string, i64> row_of_;
  u64 keys_read_ = 0;               // bytes of whole lines
  i64 rows_with_key_ = 0;           // the last of them, and one
  std::vector<std::string> lines_;  // of rows that may not be on the disk yet
  std::function<void()> when_grown_;
};

}  // namespace melgrad
