#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audio/collections/dataset.h"
#include "audio/collections/split.h"
#include "audio/drawing/picture.h"

namespace melgrad {

/// The inputs of a study in memory, one for each example of `collection`.
struct StudyData {
  Collection collection;
  std::vector<double> offsets;  // seconds into the example's file
  Tensor inputs;                // (n, h, w, c) f32: a batch is a copy of rows, channels-last

  i64 size() const { return inputs.defined() ? inputs.dim(0) : 0; }
  std::vector<i64> labels(const std::vector<i64>& indices) const;
  /// Logical (N, C, H, W).
  Tensor batch(const std::vector<i64>& indices) const;
};

/// Computes every picture in parallel, with progress on stderr, or takes them from `cache` (a
/// folder) if the same files were read there before. Each audio file gives up to `segments`
/// pictures, taken evenly from its length (one: from its middle). What cannot be read is moved to
/// collection.skipped. Throws Error if a class loses all its files, Interrupted on Ctrl-C.
StudyData load_pictures(const Collection& collection, const Picture& picture, i64 segments,
                        const std::filesystem::path& cache);

/// Drops examples at random, whole groups first, until every class has as many as the smallest.
StudyData trim_classes(const StudyData& data, u64 seed);

/// The picture as a small JPEG file, for people.
std::string jpeg_of(const StudyData& data, const Picture& picture, i64 index);

}  // namespace melgrad
