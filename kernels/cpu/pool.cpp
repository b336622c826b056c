#include <omp.h>

#include <algorithm>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/channel_blocks.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"
#include "kernels/scratch_array.h"

// x (n,h,w,c)  y (n,p,q,c). Channels are the innermost axis and independent of each other: every
// function below works on a block of them at a time.
namespace melgrad {
namespace {

struct Range {
  i64 begin = 0, end = 0;
  i64 size() const { return end - begin; }
};

// Positions that window i covers, cut off at the picture's edges.
Range covered(i64 i, i64 stride, i64 pad, i64 kernel, i64 size) {
  i64 begin = i * stride - pad;
  return {std::clamp<i64>(begin, 0, size), std::clamp<i64>(begin + kernel, 0, size)};
}

// Asks for the same channels of the same column, `rows` further down: a window reads several rows at
// once, and the processor does not guess that the next windows will. Max-pooling is 2 to 3 times
// faster for it.
template <class T>
void prefetch_below(const PoolShape& s, const T* pixel, i64 rows, i64 channels) {
  constexpr i64 line = 64 / sizeof(T);
  for (i64 c = 0; c < channels; c += line) __builtin_prefetch(pixel + rows * s.w * s.c + c);
}

// Windows that cover position i: the j with j·stride − pad ≤ i < j·stride − pad + kernel, that is
// (i + pad − kernel)/stride < j ≤ (i + pad)/stride.
Range windows_over(i64 i, i64 stride, i64 pad, i64 kernel, i64 windows) {
  i64 begin = i + pad < kernel ? 0 : (i + pad - kernel) / stride + 1;
  return {std::min(begin, windows), std::min((i + pad) / stride + 1, windows)};
}

// Adaptive pooling cuts `size` positions into `parts` pieces that may overlap:
// ⌊i·size/parts⌋ … ⌈(i+1)·size/parts⌉. The pieces that cover a position are found by the same
// formula, with the two sizes exchanged.
Range piece(i64 i, i64 size, i64 parts) {
  return {i * size / parts, ((i + 1) * size + parts - 1) / parts};
}

// A count of averaged values: of those inside x, or also those in the padding.
i64 divisor(i64 i, i64 stride, i64 pad, i64 kernel, i64 size, i64 pad_end, bool count_padding) {
  if (!count_padding) return covered(i, stride, pad, kernel, size).size();
  i64 begin = i * stride - pad;
  return std::min(begin + kernel, size + pad_end) - begin;
}
float window_scale(const PoolShape& s, i64 p, i64 q) {
  i64 rows = divisor(p, s.stride_h, s.pad_top, s.kh, s.h, s.pad_bottom, s.count_padding);
  i64 columns = divisor(q, s.stride_w, s.pad_left, s.kw, s.w, s.pad_right, s.count_padding);
  return 1.0f / static_cast<float>(std::max<i64>(rows * columns, 1));
}

bool is_large(const PoolShape& s) { return many_elements(s.n * s.h * s.w * s.c); }

// y[n,p,q,c] = max over the window of x; a NaN stays once it is met
template <class T>
MELGRAD_SIMD void max_pool2d_loops(const PoolShape& s, const T* x, T* y) {
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 p = 0; p < s.p; ++p) {
      Range rows = covered(p, s.stride_h, s.pad_top, s.kh, s.h);
      for (i64 q = 0; q < s.q; ++q) {
        Range columns = covered(q, s.stride_w, s.pad_left, s.kw, s.w);
        T* y_pixel = y + ((n * s.p + p) * s.q + q) * s.c;
        for_channel_blocks(s.c, [&](i64 c0, auto channels) {
          float largest[channel_block];
          std::fill_n(largest, i64{channels}, -std::numeric_limits<float>::infinity());
          for (i64 h = rows.begin; h < rows.end; ++h) {
            for (i64 w = columns.begin; w < columns.end; ++w) {
              const T* x_pixel = x + ((n * s.h + h) * s.w + w) * s.c + c0;
              prefetch_below(s, x_pixel, s.stride_h, channels);
#pragma omp simd
              for (i64 c = 0; c < channels; ++c) {
                float value = static_cast<float>(x_pixel[c]);
                bool takes = (value > largest[c]) | (value != value);
                largest[c] = takes ? value : largest[c];
              }
            }
          }
          for (i64 c = 0; c < channels; ++c) store(y_pixel[c0 + c], largest[c]);
        });
      }
    }
  }
}

// dx[h,w] += dy at the first position of the window where x = y (or x is NaN: then so is y)
template <class T, class D, class Count>
void give_to_maximum(const PoolShape& s, const T* x_picture, Range rows, Range columns,
                     Count channels, const T* y_pixel, const T* dy_pixel, D* dx_picture) {
  float maximum[channel_block],
      remaining[channel_block];  // dy until it has been given away, then 0
  for (i64 c = 0; c < channels; ++c) maximum[c] = static_cast<float>(y_pixel[c]);
  for (i64 c = 0; c < channels; ++c) remaining[c] = static_cast<float>(dy_pixel[c]);
  for (i64 h = rows.begin; h < rows.end; ++h) {
    for (i64 w = columns.begin; w < columns.end; ++w) {
      const T* x = x_picture + (h * s.w + w) * s.c;
      D* dx = dx_picture + (h * s.w + w) * s.c;
      prefetch_below(s, x, s.stride_h, channels);
#pragma omp simd
      for (i64 c = 0; c < channels; ++c) {
        float value = static_cast<float>(x[c]);
        bool hit = (value == maximum[c]) | (value != value);
        store(dx[c], static_cast<float>(dx[c]) + (hit ? remaining[c] : 0.0f));
        remaining[c] = hit ? 0.0f : remaining[c];
      }
    }
  }
}

// dx[h,w] = Σ dy over the windows whose maximum is first met at (h,w), of one picture. D is the type of dx: wider
// than T where sums of overlapping windows have to be.
template <class T, class D>
void max_pool2d_picture_backward(const PoolShape& s, const T* x, const T* y, const T* dy, D* dx) {
  i64 cleared = 0;  // rows of dx set to 0: shortly before they are needed
  auto clear_rows = [&](i64 end) {
    std::fill(dx + cleared * s.w * s.c, dx + end * s.w * s.c, D{});
    cleared = end;
  };
  for (i64 p = 0; p < s.p; ++p) {
    Range rows = covered(p, s.stride_h, s.pad_top, s.kh, s.h);
    clear_rows(std::max(cleared, rows.end));
    for (i64 q = 0; q < s.q; ++q) {
      Range columns = covered(q, s.stride_w, s.pad_left, s.kw, s.w);
      i64 y_pixel = (p * s.q + q) * s.c;
      for_channel_blocks(s.c, [&](i64 c0, auto channels) {
        give_to_maximum(s, x + c0, rows, columns, channels, y + y_pixel + c0, dy + y_pixel + c0,
                        dx + c0);
      });
    }
  }
  clear_rows(s.h);
}

// Windows may overlap, so one thread has all windows of a picture. sums: a picture for each thread, or null where
// each position is written once.
template <class T>
MELGRAD_SIMD void max_pool2d_backward_loops(const PoolShape& s, const T* x, const T* y, const T* dy,
                                            float* sums, T* dx) {
  i64 inputs = s.h * s.w * s.c, outputs = s.p * s.q * s.c;
#pragma omp parallel for schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n) {
    const T *x_picture = x + n * inputs, *y_picture = y + n * outputs,
            *dy_picture = dy + n * outputs;
    T* dx_picture = dx + n * inputs;
    if (!sums) {
      max_pool2d_picture_backward(s, x_picture, y_picture, dy_picture, dx_picture);
      continue;
    }
    float* wide = sums + omp_get_thread_num() * inputs;
    max_pool2d_picture_backward(s, x_picture, y_picture, dy_picture, wide);
#pragma omp simd
    for (i64 i = 0; i < inputs; ++i) store(dx_picture[i], wide[i]);
  }
}

// y[c] = scale · Σ over rows and columns of x
template <class T>
void average(const PoolShape& s, const T* x_picture, Range rows, Range columns, float scale,
             T* y_pixel) {
  for_channel_blocks(s.c, [&](i64 c0, auto channels) {
    float sum[channel_block] = {};
    for (i64 h = rows.begin; h < rows.end; ++h) {
      for (i64 w = columns.begin; w < columns.end; ++w) {
        const T* x_pixel = x_picture + (h * s.w + w) * s.c + c0;
#pragma omp simd
        for (i64 c = 0; c < channels; ++c) sum[c] += static_cast<float>(x_pixel[c]);
      }
    }
    for (i64 c = 0; c < channels; ++c) store(y_pixel[c0 + c], sum[c] * scale);
  });
}

// dx[c] = Σ over the windows (p,q) that cover this position of scale(p,q) · dy[p,q,c]
template <class T, class Scale>
void average_backward(const PoolShape& s, const T* dy_picture, Range rows, Range columns,
                      Scale scale, T* dx_pixel) {
  for_channel_blocks(s.c, [&](i64 c0, auto channels) {
    float sum[channel_block] = {};
    for (i64 p = rows.begin; p < rows.end; ++p) {
      for (i64 q = columns.begin; q < columns.end; ++q) {
        const T* dy_pixel = dy_picture + (p * s.q + q) * s.c + c0;
        float factor = scale(p, q);
#pragma omp simd
        for (i64 c = 0; c < channels; ++c) sum[c] += factor * static_cast<float>(dy_pixel[c]);
      }
    }
    for (i64 c = 0; c < channels; ++c) store(dx_pixel[c0 + c], sum[c]);
  });
}

// y[n,p,q,c] = Σ over the window of x / divisor
template <class T>
MELGRAD_SIMD void avg_pool2d_loops(const PoolShape& s, const T* x, T* y) {
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n)
    for (i64 p = 0; p < s.p; ++p)
      for (i64 q = 0; q < s.q; ++q)
        average(s, x + n * s.h * s.w * s.c, covered(p, s.stride_h, s.pad_top, s.kh, s.h),
                covered(q, s.stride_w, s.pad_left, s.kw, s.w), window_scale(s, p, q),
                y + ((n * s.p + p) * s.q + q) * s.c);
}

template <class T>
MELGRAD_SIMD void avg_pool2d_backward_loops(const PoolShape& s, const T* dy, T* dx) {
  auto scale = [&](i64 p, i64 q) { return window_scale(s, p, q); };
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n)
    for (i64 h = 0; h < s.h; ++h)
      for (i64 w = 0; w < s.w; ++w)
        average_backward(s, dy + n * s.p * s.q * s.c,
                         windows_over(h, s.stride_h, s.pad_top, s.kh, s.p),
                         windows_over(w, s.stride_w, s.pad_left, s.kw, s.q), scale,
                         dx + ((n * s.h + h) * s.w + w) * s.c);
}

// y[n,p,q,c] = Σ over rows piece(p) and columns piece(q) of x / their number
template <class T>
MELGRAD_SIMD void adaptive_avg_pool2d_loops(const PoolShape& s, const T* x, T* y) {
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 p = 0; p < s.p; ++p) {
      for (i64 q = 0; q < s.q; ++q) {
        Range rows = piece(p, s.h, s.p), columns = piece(q, s.w, s.q);
        average(s, x + n * s.h * s.w * s.c, rows, columns,
                1.0f / static_cast<float>(rows.size() * columns.size()),
                y + ((n * s.p + p) * s.q + q) * s.c);
      }
    }
  }
}

template <class T>
MELGRAD_SIMD void adaptive_avg_pool2d_backward_loops(const PoolShape& s, const T* dy, T* dx) {
  auto scale = [&](i64 p, i64 q) {
    i64 count = piece(p, s.h, s.p).size() * piece(q, s.w, s.q).size();
    return 1.0f / static_cast<float>(count);
  };
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n)
    for (i64 h = 0; h < s.h; ++h)
      for (i64 w = 0; w < s.w; ++w)
        average_backward(s, dy + n * s.p * s.q * s.c, piece(h, s.p, s.h), piece(w, s.q, s.w), scale,
                         dx + ((n * s.h + h) * s.w + w) * s.c);
}

}  // namespace

void CpuBackend::max_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  if (dtype == Dtype::f64) return reference::max_pool2d(s, f64(x), f64(y));
  dispatch_floating("max_pool2d", dtype, [&](auto zero) {
    using T = decltype(zero);
    max_pool2d_loops(s, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void CpuBackend::max_pool2d_backward(const PoolShape& s, Dtype dtype, const void* x, const void* y,
                                     const void* dy, void* dx) {
  if (dtype == Dtype::f64)
    return reference::max_pool2d_backward(s, f64(x), f64(y), f64(dy), f64(dx));
  bool overlap = s.kh > s.stride_h || s.kw > s.stride_w, wide = dtype == Dtype::bf16 && overlap;
  ScratchArray<float> sums(*this, wide ? num_threads() * s.h * s.w * s.c : 0);
  dispatch_floating("max_pool2d_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    max_pool2d_backward_loops(s, static_cast<const T*>(x), static_cast<const T*>(y),
                              static_cast<const T*>(dy), wide ? sums.data() : nullptr,
                              static_cast<T*>(dx));
  });
}

void CpuBackend::avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  if (dtype == Dtype::f64) return reference::avg_pool2d(s, f64(x), f64(y));
  dispatch_floating("avg_pool2d", dtype, [&](auto zero) {
    using T = decltype(zero);
    avg_pool2d_loops(s, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void CpuBackend::avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy, void* dx) {
  if (dtype == Dtype::f64) return reference::avg_pool2d_backward(s, f64(dy), f64(dx));
  dispatch_floating("avg_pool2d_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    avg_pool2d_backward_loops(s, static_cast<const T*>(dy), static_cast<T*>(dx));
  });
}

void CpuBackend::adaptive_avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) {
  if (dtype == Dtype::f64) return reference::adaptive_avg_pool2d(s, f64(x), f64(y));
  dispatch_floating("adaptive_avg_pool2d", dtype, [&](auto zero) {
    using T = decltype(zero);
    adaptive_avg_pool2d_loops(s, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void CpuBackend::adaptive_avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy,
                                              void* dx) {
  if (dtype == Dtype::f64) return reference::adaptive_avg_pool2d_backward(s, f64(dy), f64(dx));
  dispatch_floating("adaptive_avg_pool2d_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    adaptive_avg_pool2d_backward_loops(s, static_cast<const T*>(dy), static_cast<T*>(dx));
  });
}

}  // namespace melgrad
