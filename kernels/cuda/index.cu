#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"

// Indices outside [0, length) are undefined here, as backend.h says: a kernel cannot throw. The tensor library refuses what it can
// see on the host.
namespace melgrad {
namespace cuda {

// One thread an element (o, j, i) of y.
template <class T>
__global__ void gather_kernel(IndexShape s, const T* x,
                              const i64* index /* (outer, count, inner) */, T* y, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, o = at / (s.inner * s.count);
  y[at] = x[(o * s.length + index[at]) * s.inner + i];
}

template <class T>
__global__ void index_select_kernel(IndexShape s, const T* x, const i64* index /* (count) */, T* y,
                                    i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, j = at / s.inner % s.count, o = at / (s.inner * s.count);
  y[at] = x[(o * s.length + index[j]) * s.inner + i];
}

// One thread a pair (o, i), which alone adds to its column of dx, in the order of j: atomics would be faster where count is
// long, but would add in another order each time.
template <class T>
__global__ void scatter_add_kernel(IndexShape s, const T* dy, const i64* index, T* dx, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, o = at / s.inner;
  for (i64 j = 0; j < s.count; ++j) {
    i64 from = (o * s.count + j) * s.inner + i;
    T& to = dx[(o * s.length + index[from]) * s.inner + i];
    to = store<T>(load(to) + load(dy[from]));
  }
}

template <class T>
__global__ void index_add_kernel(IndexShape s, const T* dy, const i64* index, T* dx, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, o = at / s.inner;
  for (i64 j = 0; j < s.count; ++j) {
    T& to = dx[(o * s.length + index[j]) * s.inner + i];
    to = store<T>(load(to) + load(dy[(o * s.count + j) * s.inner + i]));
  }
}

}  // namespace cuda

void CudaBackend::gather(Dtype dtype, const IndexShape& s, const void* x, const i64* index,
                         void* y) {
  i64 n = s.outer * s.count * s.inner;
  if (n == 0) return;
  cuda::dispatch_device("gather", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::gather_kernel<T>>(cuda::one_thread_each(n), stream(), s,
                                         static_cast<const T*>(x), index, static_cast<T*>(y), n);
  });
}

void CudaBackend::scatter_add(Dtype dtype, const IndexShape& s, const void* dy, const i64* index,
                              void* dx) {
  i64 n = s.outer * s.inner;
  if (n * s.count == 0) return;
  cuda::dispatch_device("scatter_add", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::scatter_add_kernel<T>>(cuda::one_thread_each(n), stream(), s,
                                              static_cast<const T*>(dy), index, static_cast<T*>(dx),
                                              n);
  });
}

void CudaBackend::index_select(Dtype dtype, const IndexShape& s, const void* x, const i64* index,
                               void* y) {
  i64 n = s.outer * s.count * s.inner;
  if (n == 0) return;
  cuda::dispatch_device("index_select", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::index_select_kernel<T>>(cuda::one_thread_each(n), stream(), s,
                                               static_cast<const T*>(x), index, static_cast<T*>(y),
                                               n);
  });
}

void CudaBackend::index_add(Dtype dtype, const IndexShape& s, const void* dy, const i64* index,
                            void* dx) {
  i64 n = s.outer * s.inner;
  if (n * s.count == 0) return;
  cuda::dispatch_device("index_add", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::index_add_kernel<T>>(cuda::one_thread_each(n), stream(), s,
                                            static_cast<const T*>(dy), index, static_cast<T*>(dx),
                                            n);
  });
}

}  // namespace melgrad
