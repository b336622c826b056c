#pragma once
#include <optional>
#include <vector>

#include "apps/harness/data.h"
#include "tensor/upload.h"

namespace melgrad {

struct Batch {
  Tensor x;       // (N, C, H, W)
  Tensor labels;  // (N) i64
  i64 size() const { return x.dim(0); }
};

/// Examples of a study on a device, `size` at a time in the order of `indices`; the last batch may
/// be smaller. Inputs that lie in the host's memory go there while the device works with the batch
/// before:  while (auto batch = batches.next()) { submit(*batch); batches.prefetch(); … }
class Batches {
 public:
  Batches(const StudyData& data, std::vector<i64> indices, i64 size, Device device);
  /// Nothing after the last.
  std::optional<Batch> next();
  /// Gathers the batch that `next` will return and sends it on its way.
  void prefetch();

 private:
  const StudyData& data_;
  std::vector<i64> indices_;
  std::size_t size_, begin_ = 0;
  bool prefetched_ = false;
  Device device_;
  Upload inputs_;
  Tensor labels_;
};

}  // namespace melgrad
