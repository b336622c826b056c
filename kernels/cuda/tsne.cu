#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"

namespace melgrad {
namespace cuda {

struct TsneSums {
  float pull_x = 0, pull_y = 0, push_x = 0, push_y = 0, weights = 0;
};

__device__ inline TsneSums add(const TsneSums& a, const TsneSums& b) {
  return {a.pull_x + b.pull_x, a.pull_y + b.pull_y, a.push_x + b.push_x, a.push_y + b.push_y,
          a.weights + b.weights};
}

// One warp a point: each lane takes every 32nd of the others, then the lanes add up theirs.
__global__ void tsne_points(const float* p /* (n, n) */, const float* y /* (2, n) */,
                            float* sums /* (5, n) */, i64 n) {
  i64 i = global_warp();
  if (i >= n) return;
  TsneSums lane;
  for (i64 j = lane_id(); j < n; j += 32) {
    if (j == i) continue;
    float dx = y[i] - y[j], dy = y[n + i] - y[n + j];
    float w = 1 / (1 + dx * dx + dy * dy), pull = p[i * n + j] * w, push = w * w;
    lane = add(lane, {pull * dx, pull * dy, push * dx, push * dy, w});
  }
  TsneSums all = warp_reduce(lane, [](const TsneSums& a, const TsneSums& b) { return add(a, b); });
  if (lane_id() != 0) return;
  sums[i] = all.pull_x;
  sums[n + i] = all.pull_y;
  sums[2 * n + i] = all.push_x;
  sums[3 * n + i] = all.push_y;
  sums[4 * n + i] = all.weights;
}

}  // namespace cuda

void CudaBackend::tsne_sums(Dtype dtype, i64 n, const void* p, const void* y, void* sums) {
  check(dtype == Dtype::f32, "tsne_sums", "needs f32 on a GPU, got {}", name_of(dtype));
  if (n == 0) return;
  cuda::launch<cuda::tsne_points>(cuda::one_warp_each(n), stream(), static_cast<const float*>(p),
                                  static_cast<const float*>(y), static_cast<float*>(sums), n);
}

}  // namespace melgrad
