#pragma once
// What a .cu file sees when nvcc compiles it: CUDA itself, and a launch that checks.
#include <cuda_runtime.h>

#include <string_view>

#include "kernels/cuda/runtime/runtime.h"

namespace melgrad::cuda {

/// Throws Error "[kernel] …" if the launch was refused.
void check_launch(std::string_view kernel, cudaError_t status);

/// kernel<<<blocks, threads, shared_bytes, stream>>>(arguments…) gives no status, and the last error that CUDA remembers may be
/// an older one of a library's, which found another way. This gives the launch's own.
template <class... Parameters>
void launch_kernel(std::string_view name, dim3 blocks, dim3 threads, std::size_t shared_bytes,
                   Stream stream, void (*kernel)(Parameters...), Parameters... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = threads;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  check_launch(name, cudaLaunchKernelEx(&config, kernel, arguments...));
}

}  // namespace melgrad::cuda
