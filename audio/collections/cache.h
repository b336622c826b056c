#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "tensor/tensor.h"

namespace melgrad {

/// 16 hexadecimal digits of a file's bytes (FNV-1a, 64 bits).
std::string content_hash(const std::filesystem::path& path);

/// Features on disk, a .npy file each, named by a hash of the key. Several threads and processes may
/// use one folder: files appear complete or not at all, and one that is damaged counts as absent.
class FeatureCache {
 public:
  /// Keeps at most `limit` bytes: beyond, what was used longest ago goes.
  explicit FeatureCache(std::filesystem::path folder, u64 limit = u64{8} << 30U);

  /// The key of what `description` (all parameters, as text) makes of the file's content.
  static std::string key(const std::filesystem::path& path, const std::string& description);

  std::optional<Tensor> get(const std::string& key) const;
  void put(const std::string& key, const Tensor& value);
  /// Bytes in the folder's features.
  u64 size() const;

 private:
  std::filesystem::path file_of(const std::string& key) const;
  void make_room();

  std::filesystem::path folder_;
  u64 limit_;
};

}  // namespace melgrad
