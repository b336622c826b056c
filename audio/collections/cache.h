#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tensor/tensor.h"

namespace melgrad {

/// 16 hexadecimal digits of a file's bytes (FNV-1a, 64 bits).
std::string content_hash(const std::filesystem::path& path);

/// Rows of equal size that one recipe made of many clips: what a FeatureCache keeps of it. Several
/// threads and processes may use one at a time (a process that fork() made opens its own). A row is
/// there completely or not at all; what a killed process left unfinished is written over. They stay
/// readable should another process remove them from the disk. Throws Error that names the file on a
/// full disk; the rows before stay good.
class FeatureRows {
 public:
  const Shape& shape() const;  // of a row
  Dtype dtype() const;
  i64 size() const;  // rows that have a key

  /// The number of the row that was put under this key.
  std::optional<i64> find(const std::string& key) const;
  /// Appends a row (shape(), dtype()) unless the key, one line, is there already; its number.
  i64 put(const std::string& key, const Tensor& row);
  /// Up to 63 rows are lost should the process be killed after put(), none after flush(). The last
  /// handle that goes does it, too.
  void flush();
  /// Copies row number `row` to memory of row_bytes() bytes, straight from the system's cache of the
  /// disk: nothing is kept here. Throws Error if the file was cut off.
  void read(i64 row, void* to) const;
  std::size_t row_bytes() const;

 private:
  friend class FeatureCache;
  struct State;
  std::shared_ptr<State> state_;
};

/// Features on disk: a folder with a file of rows for each recipe (all parameters, as text), a file
/// of their keys beside it, and contents of files that were hashed before. Handles to one folder, in
/// this process and others, may be used at once.
class FeatureCache {
 public:
  /// Keeps at most `limit` bytes: beyond, files that nobody uses go, the one used longest ago first.
  explicit FeatureCache(std::filesystem::path folder, u64 limit = u64{64} << 30U);

  /// The rows of `recipe`, each of `shape` and `dtype`. A damaged file is set aside (".damaged") and
  /// as if absent; so are rows of another shape.
  FeatureRows rows(const std::string& recipe, const Shape& shape, Dtype dtype);
  /// content_hash(path), remembered for as long as the file's size, times of change and place on the
  /// disk stay the same.
  std::string hash(const std::filesystem::path& path);
  /// Bytes in the folder's features.
  u64 size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace melgrad
