#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"

namespace melgrad {
namespace cuda {

// y[o,j,i] = Σ_t weights[j,t] x[o, first[j] + t, i]. One thread an element of y: neighbouring threads read neighbouring values
// of x, or, where nothing lies inside the axis, overlapping windows.
template <class T>
__global__ void resize_axis_kernel(ResizeShape s, const T* x, const i64* first /* (count) */,
                                   const float* weights /* (count, taps) */, T* y, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, row = at / s.inner;
  i64 j = row % s.count, o = row / s.count;
  const T* from = x + (o * s.length + first[j]) * s.inner + i;
  float sum = 0;
  for (i64 t = 0; t < s.taps; ++t) sum += weights[j * s.taps + t] * load(from[t * s.inner]);
  y[at] = store<T>(sum);
}

}  // namespace cuda

void CudaBackend::resize_axis(Dtype dtype, const ResizeShape& s, const void* x, const i64* first,
                              const void* weights, void* y) {
  i64 n = s.outer * s.count * s.inner;
  if (n == 0) return;
  cuda::dispatch_floating("resize", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::resize_axis_kernel<T>>(cuda::one_thread_each(n), stream(), s,
                                              static_cast<const T*>(x), first,
                                              static_cast<const float*>(weights),
                                              static_cast<T*>(y), n);
  });
}

}  // namespace melgrad
