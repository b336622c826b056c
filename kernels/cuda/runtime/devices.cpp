#include "kernels/cuda/runtime/devices.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "kernels/cuda/cuda_backend.h"

namespace melgrad {

Backend& cuda_backend(int index) {
  constexpr int most = 16;
  // Never destroyed: tensors in static variables may give their memory back after main() ended.
  static auto* backends = new std::array<CudaBackend*, most>{};
  static std::mutex mutex;
  static const int count = cuda::device_count();
  check(index >= 0 && index < std::min(count, most), "backend",
        "there is no cuda:{}: this machine has {} GPU(s), numbered from 0", index, count);
  std::lock_guard lock(mutex);
  cuda::use_device(index);  // per thread, and for every call: another thread may use another GPU
  CudaBackend*& slot = (*backends)[static_cast<std::size_t>(index)];
  if (!slot) slot = new CudaBackend;
  return *slot;
}

std::unique_ptr<RecordedWork> record_on_gpu(int index, const std::function<void()>& step) {
  return static_cast<CudaBackend&>(cuda_backend(index)).record(step);
}

std::unique_ptr<StagedCopy> staged_copy_to_gpu(int index) {
  return static_cast<CudaBackend&>(cuda_backend(index)).staged_copy();
}

std::unique_ptr<StagedRead> staged_read_from_gpu(int index) {
  return static_cast<CudaBackend&>(cuda_backend(index)).staged_read();
}

}  // namespace melgrad
