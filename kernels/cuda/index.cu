#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"
#include "kernels/scratch_array.h"

// A kernel cannot throw, and the host does not wait to look: an index outside [0, length) reads NaN, or 0 where the values are
// integers, and adds nowhere. So a loss shows a wrong label as NaN.
namespace melgrad {
namespace cuda {

__device__ inline bool is_inside(const IndexShape& s, i64 index) {
  return index >= 0 && index < s.length;
}

// x[o, index, i]
template <class T>
__device__ T read_at(const IndexShape& s, const T* x, i64 o, i64 index, i64 i) {
  if (is_inside(s, index)) return x[(o * s.length + index) * s.inner + i];
  if constexpr (std::is_integral_v<T>) {
    return 0;
  } else {
    return store<T>(NAN);
  }
}

// One thread an element (o, j, i) of y.
template <class T>
__global__ void gather_kernel(IndexShape s, const T* x,
                              const i64* index /* (outer, count, inner) */, T* y, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, o = at / (s.inner * s.count);
  y[at] = read_at(s, x, o, index[at], i);
}

template <class T>
__global__ void index_select_kernel(IndexShape s, const T* x, const i64* index /* (count) */, T* y,
                                    i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, j = at / s.inner % s.count, o = at / (s.inner * s.count);
  y[at] = read_at(s, x, o, index[j], i);
}

// One thread a pair (o, i), which alone adds to its column of dx, in the order of j: atomics would be faster where count is
// long, but would add in another order each time.
template <class T, class Sum>
__global__ void scatter_add_kernel(IndexShape s, const T* dy, const i64* index, Sum* dx, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, o = at / s.inner;
  for (i64 j = 0; j < s.count; ++j) {
    i64 from = (o * s.count + j) * s.inner + i;
    if (!is_inside(s, index[from])) continue;
    Sum& to = dx[(o * s.length + index[from]) * s.inner + i];
    to = store<Sum>(load(to) + load(dy[from]));
  }
}

template <class T, class Sum>
__global__ void index_add_kernel(IndexShape s, const T* dy, const i64* index, Sum* dx, i64 n) {
  i64 at = global_thread();
  if (at >= n) return;
  i64 i = at % s.inner, o = at / s.inner;
  for (i64 j = 0; j < s.count; ++j) {
    if (!is_inside(s, index[j])) continue;
    Sum& to = dx[(o * s.length + index[j]) * s.inner + i];
    to = store<Sum>(load(to) + load(dy[(o * s.count + j) * s.inner + i]));
  }
}

namespace {

// add(T{}, sums) with dx itself, or for bf16 with a copy of it in f32: sums are rounded once.
template <class Add>
void add_to(CudaBackend& backend, std::string_view op, Dtype dtype, i64 n, void* dx, Add add) {
  dispatch_device(op, dtype, [&](auto t) {
    using T = decltype(t);
    if constexpr (std::is_same_v<T, bf16>) {
      ScratchArray<float> sums(backend, n);
      CopyShape dense{1, {n}, {1}, {1}};
      backend.copy(dense, Dtype::bf16, dx, Dtype::f32, sums.data());
      add(t, sums.data());
      backend.copy(dense, Dtype::f32, sums.data(), Dtype::bf16, dx);
    } else {
      add(t, static_cast<T*>(dx));
    }
  });
}

}  // namespace
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
  i64 sums = s.outer * s.length * s.inner;
  cuda::add_to(*this, "scatter_add", dtype, sums, dx, [&]<class T, class Sum>(T, Sum* to) {
    cuda::launch<cuda::scatter_add_kernel<T, Sum>>(cuda::one_thread_each(n), stream(), s,
                                                   static_cast<const T*>(dy), index, to, n);
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
  i64 sums = s.outer * s.length * s.inner;
  cuda::add_to(*this, "index_add", dtype, sums, dx, [&]<class T, class Sum>(T, Sum* to) {
    cuda::launch<cuda::index_add_kernel<T, Sum>>(cuda::one_thread_each(n), stream(), s,
                                                 static_cast<const T*>(dy), index, to, n);
  });
}

}  // namespace melgrad
