#pragma once
// What a .cu file sees when nvcc compiles it: CUDA itself, and a launch that checks.
#include <cuda_runtime.h>

#include <string_view>
#include <utility>

#include "kernels/cuda/runtime/runtime.h"

namespace melgrad::cuda {

template <class... Parameters>
void launch_kernel(std::string_view name, dim3 blocks, dim3 threads, std::size_t shared_bytes,
                   Stream stream, void (*kernel)(Parameters...), Parameters... arguments) {
  kernel<<<blocks, threads, shared_bytes, stream>>>(arguments...);
  check_launch(name);
}

}  // namespace melgrad::cuda
