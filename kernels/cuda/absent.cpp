#include "kernels/cuda/devices.h"

namespace melgrad {

Backend& cuda_backend(int index) {
  fail("backend",
       "cuda:{}: this build of melgrad has no CUDA. Configure with -DMELGRAD_CUDA=ON on a machine "
       "with "
       "an NVIDIA GPU, or use --device cpu",
       index);
}

}  // namespace melgrad
