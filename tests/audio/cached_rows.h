#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "audio/collections/cache.h"
#include "audio/collections/content_hash.h"
#include "tensor/ops.h"

namespace melgrad {

inline const Shape row_shape{3, 5};
inline constexpr u64 row_bytes = 15 * sizeof(float);

/// The row of a key: no two are alike.
inline Tensor row(const std::string& key) {
  Tensor values = arange(15, Dtype::f32) + static_cast<double>(fnv(key) % 100000);
  return values.reshape(row_shape);
}

inline FeatureRows open_rows(const std::filesystem::path& folder,
                             const std::string& recipe = "recipe") {
  return FeatureCache(folder).rows(recipe, row_shape, Dtype::f32);
}

inline void put(FeatureRows rows, int begin, int end) {
  for (int i = begin; i < end; ++i) rows.put(std::to_string(i), row(std::to_string(i)));
}

/// How many of the keys 0 … count − 1 are found. Those that are have their own row.
inline int found(const FeatureRows& rows, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    std::string key = std::to_string(i);
    auto number = rows.find(key);
    if (!number) continue;
    ++sum;
    Tensor read = zeros(row_shape);
    rows.read(*number, read.raw());
    EXPECT_TRUE(equal(read, row(key))) << key;
  }
  return sum;
}

/// The one file of the folder with this ending.
inline std::filesystem::path file(const std::filesystem::path& folder, const std::string& ending) {
  std::filesystem::path only;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ending) {
      EXPECT_TRUE(only.empty()) << "two files: " << only << ", " << entry.path();
      only = entry.path();
    }
  return only;
}

inline void overwrite(const std::filesystem::path& path, u64 at, const std::string& bytes) {
  std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(at));
  stream << bytes;
}

}  // namespace melgrad
