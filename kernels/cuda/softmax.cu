#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/max_sum.h"

namespace melgrad {
namespace cuda {

// One warp a row.
template <class T>
__global__ void softmax_rows(const T* x /* (rows, cols) */, T* y, i64 rows, i64 cols, bool log) {
  i64 row = global_warp();
  if (row >= rows) return;
  MaxSum all = max_and_sum(x + row * cols, cols);
  for (i64 j = lane_id(); j < cols; j += 32) {
    float shifted = load(x[row * cols + j]) - all.max;
    y[row * cols + j] = store<T>(log ? shifted - logf(all.sum) : expf(shifted) / all.sum);
  }
}

// dx_j = y_j (dy_j − Σ dy y);  log: dx_j = dy_j − exp(y_j) Σ dy.  One warp a row.
template <class T>
__global__ void softmax_rows_backward(const T* y /* (rows, cols) */, const T* dy, T* dx, i64 rows,
                                      i64 cols, bool log) {
  i64 row = global_warp();
  if (row >= rows) return;
  float lane = 0;
  for (i64 j = row * cols + lane_id(); j < (row + 1) * cols; j += 32) {
    lane += load(dy[j]) * (log ? 1.0F : load(y[j]));
  }
  float sum = warp_reduce(lane, [](float a, float b) { return a + b; });
  for (i64 j = row * cols + lane_id(); j < (row + 1) * cols; j += 32) {
    float yj = load(y[j]), dyj = load(dy[j]);
    dx[j] = store<T>(log ? dyj - expf(yj) * sum : yj * (dyj - sum));
  }
}

}  // namespace cuda

void CudaBackend::softmax(bool log, Dtype dtype, i64 rows, i64 cols, const void* x, void* y) {
  if (rows * cols == 0) return;
  cuda::dispatch_floating("softmax", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::softmax_rows<T>>(cuda::one_warp_each(rows), stream(),
                                        static_cast<const T*>(x), static_cast<T*>(y), rows, cols,
                                        log);
  });
}

void CudaBackend::softmax_backward(bool log, Dtype dtype, i64 rows, i64 cols, const void* y,
                                   const void* dy, void* dx) {
  if (rows * cols == 0) return;
  cuda::dispatch_floating("softmax_backward", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::softmax_rows_backward<T>>(
        cuda::one_warp_each(rows), stream(), static_cast<const T*>(y), static_cast<const T*>(dy),
        static_cast<T*>(dx), rows, cols, log);
  });
}

}  // namespace melgrad
