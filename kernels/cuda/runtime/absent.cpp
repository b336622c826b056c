#include "kernels/cuda/runtime/devices.h"

namespace melgrad {

namespace {

[[noreturn]] void refuse(int index) {
  fail("backend",
       "cuda:{}: this build of melgrad has no CUDA. Configure with -DMELGRAD_CUDA=ON on a machine "
       "with an NVIDIA GPU, or use --device cpu",
       index);
}

}  // namespace

Backend& cuda_backend(int index) { refuse(index); }

std::unique_ptr<RecordedWork> record_on_gpu(int index, const std::function<void()>&) {
  refuse(index);
}

std::unique_ptr<StagedCopy> staged_copy_to_gpu(int index) { refuse(index); }

std::unique_ptr<StagedRead> staged_read_from_gpu(int index) { refuse(index); }

}  // namespace melgrad
