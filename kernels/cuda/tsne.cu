#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"

namespace melgrad {
namespace cuda {

__device__ inline float sum_of_lanes(float value) {
  return warp_reduce(value, [](float a, float b) { return a + b; });
}

// One warp a point: each lane takes every 32nd of the others, then the lanes add up theirs.
__global__ void tsne_points(const float* p /* (n, n) */, const float* y /* (2, n) */,
                            float* sums /* (5, n) */, i64 n) {
  i64 i = global_warp();
  if (i >= n) return;
  float of_lane[5] = {};
  for (i64 j = lane_id(); j < n; j += 32) {
    if (j == i) continue;
    float dx = y[i] - y[j], dy = y[n + i] - y[n + j];
    float w = 1 / (1 + dx * dx + dy * dy), pull = p[i * n + j] * w, push = w * w;
    of_lane[0] += pull * dx;
    of_lane[1] += pull * dy;
    of_lane[2] += push * dx;
    of_lane[3] += push * dy;
    of_lane[4] += w;
  }
  for (int s = 0; s < 5; ++s) {
    float sum = sum_of_lanes(of_lane[s]);
    if (lane_id() == 0) sums[s * n + i] = sum;
  }
}

}  // namespace cuda

void CudaBackend::tsne_sums(Dtype dtype, i64 n, const void* p, const void* y, void* sums) {
  check(dtype == Dtype::f32, "tsne_sums", "needs f32 on a GPU, got {}", name_of(dtype));
  if (n == 0) return;
  cuda::launch<cuda::tsne_points>(cuda::one_warp_each(n), stream(), static_cast<const float*>(p),
                                  static_cast<const float*>(y), static_cast<float*>(sums), n);
}

}  // namespace melgrad
