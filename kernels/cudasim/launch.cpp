#include "kernels/cudasim/launch.h"

namespace melgrad::sim {

void check_shape(std::string_view kernel, const LaunchShape& shape) {
  const auto& [grid, threads, shared_bytes] = shape;
  check(threads.count() >= 1 && threads.count() <= 1024 && threads.z <= 64, kernel,
        "launched with {} × {} × {} threads a block; at most 1024 in all and 64 in z", threads.x,
        threads.y, threads.z);
  check(grid.count() >= 1 && grid.x <= 0x7fffffffU && grid.y <= 65535 && grid.z <= 65535, kernel,
        "launched with {} × {} × {} blocks; at least one, and at most 2^31 − 1 × 65535 × 65535",
        grid.x, grid.y, grid.z);
  check(shared_bytes <= most_shared_bytes, kernel,
        "launched with {} bytes of dynamic shared memory; a block has {} unless the kernel asks "
        "for more",
        shared_bytes, most_shared_bytes);
}

void run_grid(const std::string& kernel, const LaunchShape& shape,
              const std::function<void()>& body) {
  DeviceAccess access;
  Block block(kernel, shape.grid, shape.threads);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (unsigned z = 0; z < shape.grid.z; ++z) {
    for (unsigned y = 0; y < shape.grid.y; ++y) {
      for (unsigned x = 0; x < shape.grid.x; ++x) {
        dynamic_shared_memory.assign((shape.shared_bytes + sizeof(float4) - 1) / sizeof(float4),
                                     float4{nan, nan, nan, nan});
        dynamic_shared_memory.shrink_to_fit();
        block.run({x, y, z}, body);
      }
    }
  }
}

}  // namespace melgrad::sim
