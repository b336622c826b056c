#include "kernels/staged_copy.h"

#include "kernels/cuda/runtime/devices.h"
#include "kernels/error.h"

namespace melgrad {

std::unique_ptr<StagedCopy> staged_copy(Device device) {
  check(!device.is_cpu(), "staged_copy", "memory is staged for a GPU, not for {}", device);
  return staged_copy_to_gpu(device.index);
}

std::unique_ptr<StagedRead> staged_read(Device device) {
  check(!device.is_cpu(), "staged_read", "memory is staged for a GPU, not for {}", device);
  return staged_read_from_gpu(device.index);
}

}  // namespace melgrad
