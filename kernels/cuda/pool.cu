#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/pixel.h"

// x (n,h,w,c)  y (n,p,q,c). One thread a value of the result, or a pack of four channels; neighbouring threads have
// neighbouring channels, so a warp reads and writes side by side. Backward gathers (each dx looks for its windows) where a
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

/// sum += scale · the values at x
template <class T, i64 pack>
__device__ void add_scaled(Pack<float, pack>& sum, float scale, const T* x) {
  auto values = load_pack<pack>(x);
  for (i64 k = 0; k < pack; ++k) sum.at[k] += scale * load(values.at[k]);
}

template <i64 pack, class T>
__global__ void max_pool(PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Range rows = covered(at.row, s.stride_h, s.pad_top, s.kh, s.h);
  Range columns = covered(at.column, s.stride_w, s.pad_left, s.kw, s.w);
  Pack<float, pack> largest;
  for (float& value : largest.at) value = -INFINITY;
  for (i64 h = rows.begin; h < rows.end; ++h) {
    for (i64 w = columns.begin; w < columns.end; ++w) {
      auto values = load_pack<pack>(x + offset(at, h, w, s.h, s.w, s.c));
      for (i64 k = 0; k < pack; ++k) {
        float value = load(values.at[k]);
        if (value > largest.at[k] || value != value) largest.at[k] = value;
      }
    }
  }
  store_as(largest, y + i);
}

__device__ inline bool is_maximum(float value, float largest) {
  return value == largest || value != value;
}

// dx[h,w] = Σ dy over the windows whose maximum is first met, row by row, at (h,w)
template <i64 pack, class T>
__global__ void max_pool_backward(PoolShape s, const T* x, const T* y, const T* dy, T* dx,
                                  i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.h, s.w, s.c);
  Range rows = windows_over(at.row, s.stride_h, s.pad_top, s.kh, s.p);
  Range columns = windows_over(at.column, s.stride_w, s.pad_left, s.kw, s.q);
  auto here = load_pack<pack>(x + i);
  Pack<float, pack> sum = {};
  for (i64 p = rows.begin; p < rows.end; ++p) {
    for (i64 q = columns.begin; q < columns.end; ++q) {
      i64 window = offset(at, p, q, s.p, s.q, s.c);
      auto largest = load_pack<pack>(y + window), gradient = load_pack<pack>(dy + window);
      bool mine[pack];
      for (i64 k = 0; k < pack; ++k) mine[k] = is_maximum(load(here.at[k]), load(largest.at[k]));
      Range above = covered(p, s.stride_h, s.pad_top, s.kh, s.h);
      Range beside = covered(q, s.stride_w, s.pad_left, s.kw, s.w);
      for (i64 h = above.begin; h <= at.row; ++h) {
        for (i64 w = beside.begin; w < (h < at.row ? beside.end : at.column); ++w) {
          auto earlier = load_pack<pack>(x + offset(at, h, w, s.h, s.w, s.c));
          for (i64 k = 0; k < pack; ++k) {
            if (is_maximum(load(earlier.at[k]), load(largest.at[k]))) mine[k] = false;
          }
        }
      }
      for (i64 k = 0; k < pack; ++k) sum.at[k] += mine[k] ? load(gradient.at[k]) : 0.0F;
    }
  }
  store_as(sum, dx + i);
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
template <i64 pack, class T>
__device__ void store_scaled_sum(const PoolShape& s, const T* x, const Pixel& at, Range rows,
                                 Range columns, float scale, T* y) {
  Pack<float, pack> sum = {};
  for (i64 h = rows.begin; h < rows.end; ++h) {
    for (i64 w = columns.begin; w < columns.end; ++w) {
      add_scaled(sum, 1, x + offset(at, h, w, s.h, s.w, s.c));
    }
  }
  for (float& value : sum.at) value *= scale;
  store_as(sum, y);
}

template <i64 pack, class T>
__global__ void avg_pool(PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Range rows = covered(at.row, s.stride_h, s.pad_top, s.kh, s.h);
  Range columns = covered(at.column, s.stride_w, s.pad_left, s.kw, s.w);
  store_scaled_sum<pack>(s, x, at, rows, columns, window_scale(s, at.row, at.column), y + i);
}

template <i64 pack, class T>
__global__ void avg_pool_backward(PoolShape s, const T* dy, T* dx, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.h, s.w, s.c);
  Range rows = windows_over(at.row, s.stride_h, s.pad_top, s.kh, s.p);
  Range columns = windows_over(at.column, s.stride_w, s.pad_left, s.kw, s.q);
  Pack<float, pack> sum = {};
  for (i64 p = rows.begin; p < rows.end; ++p) {
    for (i64 q = columns.begin; q < columns.end; ++q) {
      add_scaled(sum, window_scale(s, p, q), dy + offset(at, p, q, s.p, s.q, s.c));
    }
  }
  store_as(sum, dx + i);
}

__device__ inline float share(Range rows, Range columns) {
  return 1.0F / static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
}

template <i64 pack, class T>
__global__ void adaptive_avg_pool(PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Range rows = piece(at.row, s.h, s.p), columns = piece(at.column, s.w, s.q);
  store_scaled_sum<pack>(s, x, at, rows, columns, share(rows, columns), y + i);
}

template <i64 pack, class T>
__global__ void adaptive_avg_pool_backward(PoolShape s, const T* dy, T* dx, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.h, s.w, s.c);
  Range over_rows = piece(at.row, s.p, s.h), over_columns = piece(at.column, s.q, s.w);
  Pack<float, pack> sum = {};
  for (i64 p = over_rows.begin; p < over_rows.end; ++p) {
    for (i64 q = over_columns.begin; q < over_columns.end; ++q) {
      float scale = share(piece(p, s.h, s.p), piece(q, s.w, s.q));
      add_scaled(sum, scale, dy + offset(at, p, q, s.p, s.q, s.c));
    }
  }
  store_as(sum, dx + i);
}

namespace {

i64 inputs(const PoolShape& s) { return s.n * s.h * s.w * s.c; }
i64 outputs(const PoolShape& s) { return s.n * s.p * s.q * s.c; }

// launch(t, pack, grid) for results of `total` values in c channels.
template <class Launch>
void for_packs(std::string_view op, Dtype dtype, const PoolShape& s, i64 total,
               std::initializer_list<const void*> arrays, Launch&& launch) {
  if (total == 0) return;
  dispatch_floating(op, dtype, [&](auto t) {
    bool packs = s.c % 4 == 0;
    for (const void* array : arrays)
      packs = packs && is_aligned(static_cast<const decltype(t)*>(array));
    dispatch_pack(packs, [&](auto pack) { launch(t, pack, one_thread_each(total / pack.value)); });
  });
}

}  // namespace
}  // namespace cuda

void CudaBackend::max_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  i64 total = cuda::outputs(s);
  cuda::for_packs("max_pool2d", dtype, s, total, {x, y}, [&]<class T>(T, auto pack, auto grid) {
    cuda::launch<cuda::max_pool<pack.value, T>>(grid, stream(), s, static_cast<const T*>(x),
                                                static_cast<T*>(y), total);
  });
}

void CudaBackend::max_pool2d_backward(const PoolShape& s, Dtype dtype, const void* x, const void* y,
                                      const void* dy, void* dx) {
  i64 total = cuda::inputs(s);
  auto launch = [&]<class T>(T, auto pack, auto grid) {
    cuda::launch<cuda::max_pool_backward<pack.value, T>>(
        grid, stream(), s, static_cast<const T*>(x), static_cast<const T*>(y),
        static_cast<const T*>(dy), static_cast<T*>(dx), total);
  };
  cuda::for_packs("max_pool2d_backward", dtype, s, total, {x, y, dy, dx}, launch);
}

void CudaBackend::avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  i64 total = cuda::outputs(s);
  cuda::for_packs("avg_pool2d", dtype, s, total, {x, y}, [&]<class T>(T, auto pack, auto grid) {
    cuda::launch<cuda::avg_pool<pack.value, T>>(grid, stream(), s, static_cast<const T*>(x),
                                                static_cast<T*>(y), total);
  });
}

void CudaBackend::avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy, void* dx) {
  i64 total = cuda::inputs(s);
  auto launch = [&]<class T>(T, auto pack, auto grid) {
    cuda::launch<cuda::avg_pool_backward<pack.value, T>>(
        grid, stream(), s, static_cast<const T*>(dy), static_cast<T*>(dx), total);
  };
  cuda::for_packs("avg_pool2d_backward", dtype, s, total, {dy, dx}, launch);
}

void CudaBackend::adaptive_avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  i64 total = cuda::outputs(s);
  auto launch = [&]<class T>(T, auto pack, auto grid) {
    cuda::launch<cuda::adaptive_avg_pool<pack.value, T>>(
        grid, stream(), s, static_cast<const T*>(x), static_cast<T*>(y), total);
  };
  cuda::for_packs("adaptive_avg_pool2d", dtype, s, total, {x, y}, launch);
}

void CudaBackend::adaptive_avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy,
                                               void* dx) {
  i64 total = cuda::inputs(s);
  auto launch = [&]<class T>(T, auto pack, auto grid) {
    cuda::launch<cuda::adaptive_avg_pool_backward<pack.value, T>>(
        grid, stream(), s, static_cast<const T*>(dy), static_cast<T*>(dx), total);
  };
  cuda::for_packs("adaptive_avg_pool2d_backward", dtype, s, total, {dy, dx}, launch);
}

}  // namespace melgrad
