#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"

// x (n,h,w,c)  y (n,p,q,c). One thread a value of the result; neighbouring threads have neighbouring channels, so a warp
// reads and writes side by side. Backward gathers (each dx looks for its windows) where a
// scatter would need atomics, which add in another order each time.
namespace melgrad {
namespace cuda {

struct Range {
  i64 begin, end;
};

// Positions that window i covers, cut off at the picture's edges.
__device__ inline Range covered(i64 i, i64 stride, i64 pad, i64 kernel, i64 size) {
  i64 begin = i * stride - pad, end = begin + kernel;
  return {begin < 0 ? 0 : begin, end > size ? size : end};
}

// Windows that cover position i: j·stride − pad ≤ i < j·stride − pad + kernel.
__device__ inline Range windows_over(i64 i, i64 stride, i64 pad, i64 kernel, i64 windows) {
  i64 after = i + pad - kernel + stride;
  i64 begin = after < 0 ? 0 : after / stride, end = (i + pad) / stride + 1;
  return {begin, end > windows ? windows : end};
}

// Adaptive pooling's pieces ⌊i·size/parts⌋ … ⌈(i+1)·size/parts⌉; with the sizes exchanged, the pieces over a position.
__device__ inline Range piece(i64 i, i64 size, i64 parts) {
  return {i * size / parts, ((i + 1) * size + parts - 1) / parts};
}

/// A picture's place (n, row, column, c) of element i of (n, rows, columns, c).
struct Pixel {
  i64 n, row, column, c;
};
__device__ inline Pixel pixel(i64 i, i64 rows, i64 columns, i64 channels) {
  i64 rest = i / channels;
  return {rest / (rows * columns), rest / columns % rows, rest % columns, i % channels};
}

template <class T>
__global__ void max_pool(PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread();
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Range rows = covered(at.row, s.stride_h, s.pad_top, s.kh, s.h);
  Range columns = covered(at.column, s.stride_w, s.pad_left, s.kw, s.w);
  float largest = -INFINITY;
  for (i64 h = rows.begin; h < rows.end; ++h) {
    for (i64 w = columns.begin; w < columns.end; ++w) {
      float value = load(x[((at.n * s.h + h) * s.w + w) * s.c + at.c]);
      if (value > largest || value != value) largest = value;
    }
  }
  y[i] = store<T>(largest);
}

// The first position of window (p,q), row by row, where x is y or NaN.
template <class T>
__device__ i64 first_maximum(const PoolShape& s, const T* x, i64 n, i64 p, i64 q, i64 c, float y) {
  Range rows = covered(p, s.stride_h, s.pad_top, s.kh, s.h);
  Range columns = covered(q, s.stride_w, s.pad_left, s.kw, s.w);
  for (i64 h = rows.begin; h < rows.end; ++h) {
    for (i64 w = columns.begin; w < columns.end; ++w) {
      i64 at = ((n * s.h + h) * s.w + w) * s.c + c;
      float value = load(x[at]);
      if (value == y || value != value) return at;
    }
  }
  return -1;
}

// dx[h,w] = Σ dy over the windows whose maximum is first met at (h,w)
template <class T>
__global__ void max_pool_backward(PoolShape s, const T* x, const T* y, const T* dy, T* dx,
                                  i64 total) {
  i64 i = global_thread();
  if (i >= total) return;
  Pixel at = pixel(i, s.h, s.w, s.c);
  Range rows = windows_over(at.row, s.stride_h, s.pad_top, s.kh, s.p);
  Range columns = windows_over(at.column, s.stride_w, s.pad_left, s.kw, s.q);
  float value = load(x[i]), sum = 0;
  for (i64 p = rows.begin; p < rows.end; ++p) {
    for (i64 q = columns.begin; q < columns.end; ++q) {
      i64 out = ((at.n * s.p + p) * s.q + q) * s.c + at.c;
      float largest = load(y[out]);
      bool may_be_here = value == largest || value != value;
      if (may_be_here && first_maximum(s, x, at.n, p, q, at.c, largest) == i) sum += load(dy[out]);
    }
  }
  dx[i] = store<T>(sum);
}

__device__ inline i64 divisor(i64 i, i64 stride, i64 pad, i64 kernel, i64 size, i64 pad_end,
                              bool count_padding) {
  i64 begin = i * stride - pad, end = begin + kernel;
  i64 last = count_padding ? size + pad_end : size;
  if (!count_padding && begin < 0) begin = 0;
  return (end < last ? end : last) - begin;
}

__device__ inline float window_scale(const PoolShape& s, i64 p, i64 q) {
  i64 count = divisor(p, s.stride_h, s.pad_top, s.kh, s.h, s.pad_bottom, s.count_padding) *
              divisor(q, s.stride_w, s.pad_left, s.kw, s.w, s.pad_right, s.count_padding);
  return 1.0F / static_cast<float>(count < 1 ? 1 : count);
}

// y = scale · Σ of x over the rows and columns
template <class T>
__device__ float sum_over(const PoolShape& s, const T* x, const Pixel& at, Range rows,
                          Range columns) {
  float sum = 0;
  for (i64 h = rows.begin; h < rows.end; ++h) {
    for (i64 w = columns.begin; w < columns.end; ++w) {
      sum += load(x[((at.n * s.h + h) * s.w + w) * s.c + at.c]);
    }
  }
  return sum;
}

template <class T>
__global__ void avg_pool(PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread();
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Range rows = covered(at.row, s.stride_h, s.pad_top, s.kh, s.h);
  Range columns = covered(at.column, s.stride_w, s.pad_left, s.kw, s.w);
  y[i] = store<T>(sum_over(s, x, at, rows, columns) * window_scale(s, at.row, at.column));
}

template <class T>
__global__ void avg_pool_backward(PoolShape s, const T* dy, T* dx, i64 total) {
  i64 i = global_thread();
  if (i >= total) return;
  Pixel at = pixel(i, s.h, s.w, s.c);
  Range rows = windows_over(at.row, s.stride_h, s.pad_top, s.kh, s.p);
  Range columns = windows_over(at.column, s.stride_w, s.pad_left, s.kw, s.q);
  float sum = 0;
  for (i64 p = rows.begin; p < rows.end; ++p) {
    for (i64 q = columns.begin; q < columns.end; ++q) {
      sum += load(dy[((at.n * s.p + p) * s.q + q) * s.c + at.c]) * window_scale(s, p, q);
    }
  }
  dx[i] = store<T>(sum);
}

template <class T>
__global__ void adaptive_avg_pool(PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread();
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Range rows = piece(at.row, s.h, s.p), columns = piece(at.column, s.w, s.q);
  i64 count = (rows.end - rows.begin) * (columns.end - columns.begin);
  y[i] = store<T>(sum_over(s, x, at, rows, columns) / static_cast<float>(count));
}

template <class T>
__global__ void adaptive_avg_pool_backward(PoolShape s, const T* dy, T* dx, i64 total) {
  i64 i = global_thread();
  if (i >= total) return;
  Pixel at = pixel(i, s.h, s.w, s.c);
  Range over_rows = piece(at.row, s.p, s.h), over_columns = piece(at.column, s.q, s.w);
  float sum = 0;
  for (i64 p = over_rows.begin; p < over_rows.end; ++p) {
    for (i64 q = over_columns.begin; q < over_columns.end; ++q) {
      Range rows = piece(p, s.h, s.p), columns = piece(q, s.w, s.q);
      i64 count = (rows.end - rows.begin) * (columns.end - columns.begin);
      sum += load(dy[((at.n * s.p + p) * s.q + q) * s.c + at.c]) / static_cast<float>(count);
    }
  }
  dx[i] = store<T>(sum);
}

namespace {

i64 inputs(const PoolShape& s) { return s.n * s.h * s.w * s.c; }
i64 outputs(const PoolShape& s) { return s.n * s.p * s.q * s.c; }

}  // namespace
}  // namespace cuda

void CudaBackend::max_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  i64 total = cuda::outputs(s);
  if (total == 0) return;
  cuda::dispatch_floating("max_pool2d", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::max_pool<T>>(cuda::one_thread_each(total), stream(), s,
                                    static_cast<const T*>(x), static_cast<T*>(y), total);
  });
}

void CudaBackend::max_pool2d_backward(const PoolShape& s, Dtype dtype, const void* x, const void* y,
                                      const void* dy, void* dx) {
  i64 total = cuda::inputs(s);
  if (total == 0) return;
  cuda::dispatch_floating("max_pool2d_backward", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::max_pool_backward<T>>(cuda::one_thread_each(total), stream(), s,
                                             static_cast<const T*>(x), static_cast<const T*>(y),
                                             static_cast<const T*>(dy), static_cast<T*>(dx), total);
  });
}

void CudaBackend::avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  i64 total = cuda::outputs(s);
  if (total == 0) return;
  cuda::dispatch_floating("avg_pool2d", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::avg_pool<T>>(cuda::one_thread_each(total), stream(), s,
                                    static_cast<const T*>(x), static_cast<T*>(y), total);
  });
}

void CudaBackend::avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy, void* dx) {
  i64 total = cuda::inputs(s);
  if (total == 0) return;
  cuda::dispatch_floating("avg_pool2d_backward", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::avg_pool_backward<T>>(cuda::one_thread_each(total), stream(), s,
                                             static_cast<const T*>(dy), static_cast<T*>(dx), total);
  });
}

void CudaBackend::adaptive_avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  i64 total = cuda::outputs(s);
  if (total == 0) return;
  cuda::dispatch_floating("adaptive_avg_pool2d", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::adaptive_avg_pool<T>>(cuda::one_thread_each(total), stream(), s,
                                             static_cast<const T*>(x), static_cast<T*>(y), total);
  });
}

void CudaBackend::adaptive_avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy,
                                               void* dx) {
  i64 total = cuda::inputs(s);
  if (total == 0) return;
  cuda::dispatch_floating("adaptive_avg_pool2d_backward", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::adaptive_avg_pool_backward<T>>(cuda::one_thread_each(total), stream(), s,
                                                      static_cast<const T*>(dy),
                                                      static_cast<T*>(dx), total);
  });
}

}  // namespace melgrad
