#pragma once
#include <memory>

#include "kernels/staged_copy.h"
#include "tensor/tensor.h"

namespace melgrad {

/// Brings a tensor to the host while the device works on, for values that can wait: to_vector() and
/// item() wait for all work that the device was given. A tensor of the CPU passes through.
class Download {
 public:
  /// x may change or go afterwards. One at a time: throws Error if the last was not taken.
  void start(const Tensor& x);
  /// What was started last, dense; waits for that alone.
  Tensor finish();

 private:
  Tensor tensor_;                     // under way, on its device; undefined if none is
  std::unique_ptr<StagedRead> read_;  // made when first needed
};

}  // namespace melgrad
