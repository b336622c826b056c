#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/max_sum.h"

// x, dx (rows, cols)  target (rows). A target that is no class makes the result NaN.
namespace melgrad {
namespace cuda {

inline constexpr unsigned loss_threads = 1024;

__device__ inline bool is_class(i64 target, i64 cols) { return target >= 0 && target < cols; }

// y = 1/rows Σ_r (log s − (x_target − m)).  One block, so that one launch does it: each warp takes every 32nd row.
template <class T>
__global__ void mean_cross_entropy(const T* x, const i64* target, T* y, i64 rows, i64 cols) {
  auto* of_warps = dynamic_shared<float>();
  unsigned warp = threadIdx.x / 32, warps = blockDim.x / 32;
  float sum = 0;
  for (i64 r = warp; r < rows; r += warps) {
    MaxSum all = max_and_sum(x + r * cols, cols);
    i64 right = target[r];
    sum += is_class(right, cols) ? logf(all.sum) - (load(x[r * cols + right]) - all.max) : NAN;
  }
  if (lane_id() == 0) of_warps[warp] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  float total = 0;
  for (unsigned w = 0; w < warps; ++w) total += of_warps[w];
  *y = store<T>(total / static_cast<float>(rows));
}

// dx_j = dy/rows (exp(x_j − m) / s − [j = target]).  One warp a row.
template <class T>
__global__ void mean_cross_entropy_backward(const T* x, const i64* target, const T* dy, T* dx,
                                            i64 rows, i64 cols) {
  i64 row = global_warp();
  if (row >= rows) return;
  MaxSum all = max_and_sum(x + row * cols, cols);
  i64 right = target[row];
  float scale = is_class(right, cols) ? load(*dy) / static_cast<float>(rows) : NAN;
  for (i64 j = lane_id(); j < cols; j += 32) {
    float p = expf(load(x[row * cols + j]) - all.max) / all.sum;
    dx[row * cols + j] = store<T>(scale * (p - (j == right ? 1.0F : 0.0F)));
  }
}

}  // namespace cuda

void CudaBackend::cross_entropy(Dtype dtype, i64 rows, i64 cols, const void* x, const i64* target,
                                void* y) {
  cuda::dispatch_floating("cross_entropy", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::Grid one_block{1, cuda::loss_threads, cuda::loss_threads / 32 * sizeof(float)};
    cuda::launch<cuda::mean_cross_entropy<T>>(one_block, stream(), static_cast<const T*>(x), target,
                                              static_cast<T*>(y), rows, cols);
  });
}

void CudaBackend::cross_entropy_backward(Dtype dtype, i64 rows, i64 cols, const void* x,
                                         const i64* target, const void* dy, void* dx) {
  if (rows * cols == 0) return;
  cuda::dispatch_floating("cross_entropy_backward", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::mean_cross_entropy_backward<T>>(
        cuda::one_warp_each(rows), stream(), static_cast<const T*>(x), target,
        static_cast<const T*>(dy), static_cast<T*>(dx), rows, cols);
  });
}

}  // namespace melgrad
