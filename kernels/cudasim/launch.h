#pragma once
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kernels/cuda/runtime/runtime.h"
#include "kernels/cudasim/device_memory.h"
#include "kernels/cudasim/stream.h"
#include "kernels/cudasim/surface.h"
#include "kernels/error.h"

namespace melgrad::sim {

/// What one launch is given besides its arguments.
struct LaunchShape {
  Dim3 grid, threads;
  std::size_t shared_bytes = 0;
};

/// What a block may have of dynamic shared memory unless its kernel asks for more, which no kernel here does.
inline constexpr std::size_t most_shared_bytes = std::size_t{48} << 10U;

/// The running block's dynamic shared memory, filled with NaN when the block starts.
inline thread_local std::vector<float4> dynamic_shared_memory;

/// Throws Error where a GPU of compute capability 7.5 to 12 would refuse the launch.
void check_shape(std::string_view kernel, const LaunchShape& shape);

template <class T>
void check_argument(std::string_view kernel, const T& argument) {
  if constexpr (std::is_pointer_v<T>) {
    if (argument != nullptr) check_device_pointer(kernel, argument);
  }
}

/// Throws Error where a GPU would refuse to read or write so many bytes as one.
inline void check_aligned(const void* address, std::size_t bytes) {
  check(reinterpret_cast<std::uintptr_t>(address) % bytes == 0, "pack",
        "reads or writes {} bytes at {}, which is no multiple of them", bytes, address);
}

/// Runs the blocks one after the other.
void run_grid(const std::string& kernel, const LaunchShape& shape,
              const std::function<void()>& body);

}  // namespace melgrad::sim

namespace melgrad::cuda {

/// The simulator's half of `launch` (cuda/device_code.h).
template <class... Parameters>
void launch_kernel(std::string_view name, dim3 blocks, dim3 threads, std::size_t shared_bytes,
                   Stream stream, void (*kernel)(Parameters...), Parameters... arguments) {
  sim::LaunchShape shape{
      {blocks.x, blocks.y, blocks.z}, {threads.x, threads.y, threads.z}, shared_bytes};
  sim::check_shape(name, shape);
  (sim::check_argument(name, arguments), ...);
  sim::submit(stream, [=, name = std::string(name)] {
    (sim::check_argument(name, arguments), ...);  // again: a recorded launch may outlive its memory
    sim::run_grid(name, shape, [&] { kernel(arguments...); });
  });
}

}  // namespace melgrad::cuda
