#pragma once
#include <memory>

#include "kernels/staged_copy.h"
#include "tensor/tensor.h"

namespace melgrad {

/// Takes tensors to a device, each while the device works with the one before:
///
///   Upload upload(Device::cuda());
///   upload.start(batch(0));
///   for (i64 i = 0; i < count; ++i) {
///     Tensor x = upload.finish();
///     step(x);
///     if (i + 1 < count) upload.start(batch(i + 1));
///   }
///
/// Nobody waits: the host goes on while a tensor is on its way, the device's work that follows
/// finish() begins when it is there, and no tensor waits for work after the finish() before it. Tensors that are on the device already pass through.
class Upload {
 public:
  explicit Upload(Device device);

  /// x may change or go afterwards. One at a time: throws Error if the last was not taken.
  void start(const Tensor& x);
  /// What was started last, on the device and in the same order in memory.
  Tensor finish();

 private:
  void make_room(std::size_t bytes);

  Device device_;
  Tensor tensor_;                     // on its way; undefined if none is
  std::shared_ptr<Storage> room_;     // for the next
  std::unique_ptr<StagedCopy> copy_;  // made when first needed
};

}  // namespace melgrad
