#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/channel_blocks.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"
#include "kernels/scratch_array.h"

// Batch norm, ReLU and max-pooling over windows that tile the picture, as one: what lies between them is
// as large as x and costs five passes over memory when it is written down. Here it is computed again from x wherever it is
// needed, a window and a block of channels at a time.
namespace melgrad {
namespace {

constexpr i64 max_sections = 64;

// gamma / √(var + eps) and what else the formulas need of a channel
struct Channels {
  ScratchArray<float> inverse_std, scale, beta;
  const float* mean;

  Channels(Backend& backend, const BatchNormShape& s, const BatchNormArrays& arrays)
      : inverse_std(backend, s.channels),
        scale(backend, s.channels),
        beta(backend, s.channels),
        mean(static_cast<const float*>(arrays.mean)) {
    auto* var = static_cast<const float*>(arrays.var);
    auto* gamma = static_cast<const float*>(arrays.gamma);
    auto* shift = static_cast<const float*>(arrays.beta);
    for (i64 c = 0; c < s.channels; ++c) {
      inverse_std[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(var[c]) + s.eps));
      scale[c] = inverse_std[c] * (gamma ? gamma[c] : 1.0f);
      beta[c] = shift ? shift[c] : 0.0f;
    }
  }
};

// The same as plain pointers to a block of channels: local, so that the compiler knows that what
// is written does not change them.
template <class Count>
struct Block {
  i64 first;
  Count count;
  const float *mean, *inverse_std, *scale, *beta;

  Block(const Channels& all, i64 from, Count channels)
      : first(from),
        count(channels),
        mean(all.mean + from),
        inverse_std(all.inverse_std.data() + from),
        scale(all.scale.data() + from),
        beta(all.beta.data() + from) {}
};

bool is_large(const PoolShape& s) { return many_elements(s.n * s.h * s.w * s.c); }
i64 pixel(const PoolShape& s, i64 n, i64 h, i64 w) { return ((n * s.h + h) * s.w + w) * s.c; }
i64 output_at(const PoolShape& s, i64 n, i64 p, i64 q) { return ((n * s.p + p) * s.q + q) * s.c; }

// best[c] = max over window (n,p,q) of gamma x̂ + beta, NaN if there is one, and the deviation x − mean where it is first met
template <class T, class Count>
void find_best(const PoolShape& s, const T* x, i64 n, i64 p, i64 q, const Block<Count>& block,
               float* best, float* deviation) {
  Count count = block.count;
  const float *mean = block.mean, *scale = block.scale, *beta = block.beta;
  std::fill_n(best, i64{count}, -std::numeric_limits<float>::infinity());
  for (i64 r = 0; r < s.kh; ++r) {
    for (i64 t = 0; t < s.kw; ++t) {
      const T* values = x + pixel(s, n, p * s.kh + r, q * s.kw + t) + block.first;
#pragma omp simd
      for (i64 c = 0; c < count; ++c) {
        float d = static_cast<float>(values[c]) - mean[c];
        float y = d * scale[c] + beta[c];
        bool takes = (y > best[c]) | (y != y);
        best[c] = takes ? y : best[c];
        deviation[c] = takes ? d : deviation[c];
      }
    }
  }
}

template <class T>
MELGRAD_SIMD void forward(const PoolShape& s, const Channels& all, const T* x, T* y) {
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 p = 0; p < s.p; ++p) {
      float best[channel_block], deviation[channel_block];
      for (i64 q = 0; q < s.q; ++q) {
        for_channel_blocks(s.c, [&](i64 from, auto count) {
          find_best(s, x, n, p, q, Block(all, from, count), best, deviation);
          T* result = y + output_at(s, n, p, q) + from;
          for (i64 c = 0; c < count; ++c) store(result[c], best[c] < 0.0f ? 0.0f : best[c]);
        });
      }
    }
  }
}

// One row of windows: dgamma += Σ g x̂ and dbeta += Σ g, where g is dy if the window's maximum passed the ReLU
template <class T>
void sum_row(const PoolShape& s, const Channels& all, const T* x, const T* dy, i64 row,
             float* dgamma, float* dbeta) {
  i64 n = row / s.p, p = row % s.p;
  float best[channel_block], deviation[channel_block];
  for_channel_blocks(s.c, [&](i64 from, auto count) {
    Block block(all, from, count);
    const float* inverse_std = block.inverse_std;
    for (i64 q = 0; q < s.q; ++q) {
      find_best(s, x, n, p, q, block, best, deviation);
      const T* gradient = dy + output_at(s, n, p, q) + from;
#pragma omp simd
      for (i64 c = 0; c < count; ++c) {
        float g = best[c] > 0.0f ? static_cast<float>(gradient[c]) : 0.0f;
        dbeta[from + c] += g;
        dgamma[from + c] += best[c] > 0.0f ? g * deviation[c] * inverse_std[c] : 0.0f;
      }
    }
  });
}

// Rows of windows are summed in f32, sections of rows in f64, the sections in order: whatever the
// number of threads, the same bits.
template <class T>
MELGRAD_SIMD void sum_gradients(Backend& backend, const PoolShape& s, const Channels& all,
                                const T* x, const T* dy, float* dgamma, float* dbeta) {
  i64 rows = s.n * s.p, sections = std::min(max_sections, rows);
  ScratchArray<double> totals(backend, sections * s.c * 2);
  ScratchArray<float> sums(backend, sections * s.c * 2);
#pragma omp parallel for schedule(static) if (is_large(s))
  for (i64 section = 0; section < sections; ++section) {
    double* total = totals.data() + section * s.c * 2;
    float* sum = sums.data() + section * s.c * 2;
    std::fill_n(total, s.c * 2, 0.);
    for (i64 row = rows * section / sections; row < rows * (section + 1) / sections; ++row) {
      std::fill_n(sum, s.c * 2, 0.0f);
      sum_row(s, all, x, dy, row, sum, sum + s.c);
      for (i64 c = 0; c < s.c * 2; ++c) total[c] += sum[c];
    }
  }
  for (i64 c = 0; c < s.c; ++c) {
    double dgamma_sum = 0, dbeta_sum = 0;
    for (i64 section = 0; section < sections; ++section) {
      dgamma_sum += totals[section * s.c * 2 + c];
      dbeta_sum += totals[section * s.c * 2 + s.c + c];
    }
    dgamma[c] = static_cast<float>(dgamma_sum);
    dbeta[c] = static_cast<float>(dbeta_sum);
  }
}

// dx of one pixel: scale (g − dbeta/rows − x̂ dgamma/rows), g given to the first position where the maximum is met
template <class T, class Count>
void pixel_gradient(const Block<Count>& block, const T* x, const float* best, float* remaining,
                    const float* dgamma_mean, const float* dbeta_mean, T* dx) {
  Count count = block.count;
  const float *mean = block.mean, *inverse_std = block.inverse_std, *scale = block.scale;
  const float* beta = block.beta;
#pragma omp simd
  for (i64 c = 0; c < count; ++c) {
    float deviation = static_cast<float>(x[c]) - mean[c];
    bool hit = deviation * scale[c] + beta[c] == best[c];
    float g = hit ? remaining[c] : 0.0f;
    remaining[c] = hit ? 0.0f : remaining[c];
    float normalized = deviation * inverse_std[c];
    store(dx[c], scale[c] * (g - dbeta_mean[c] - normalized * dgamma_mean[c]));
  }
}

template <class T>
MELGRAD_SIMD void input_gradient(const PoolShape& s, const Channels& all, const T* x, const T* dy,
                                 const float* dgamma_mean, const float* dbeta_mean, T* dx) {
  // Rows and columns past the last window count as windows without a gradient.
  i64 window_rows = (s.h + s.kh - 1) / s.kh, window_columns = (s.w + s.kw - 1) / s.kw;
#pragma omp parallel for collapse(2) schedule(static) if (is_large(s))
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 p = 0; p < window_rows; ++p) {
      float best[channel_block], deviation[channel_block], remaining[channel_block];
      for_channel_blocks(s.c, [&](i64 from, auto count) {
        Block block(all, from, count);
        for (i64 q = 0; q < window_columns; ++q) {
          bool whole = p < s.p && q < s.q;
          std::fill_n(remaining, i64{count}, 0.0f);
          if (whole) {
            find_best(s, x, n, p, q, block, best, deviation);
            const T* gradient = dy + output_at(s, n, p, q) + from;
            for (i64 c = 0; c < count; ++c) {
              remaining[c] = best[c] > 0.0f ? static_cast<float>(gradient[c]) : 0.0f;
            }
          } else {
            std::fill_n(best, i64{count}, 0.0f);
          }
          for (i64 h = p * s.kh; h < std::min((p + 1) * s.kh, s.h); ++h) {
            for (i64 w = q * s.kw; w < std::min((q + 1) * s.kw, s.w); ++w) {
              i64 at = pixel(s, n, h, w) + from;
              pixel_gradient(block, x + at, best, remaining, dgamma_mean + from, dbeta_mean + from,
                             dx + at);
            }
          }
        }
      });
    }
  }
}

}  // namespace

void CpuBackend::batch_norm_relu_max_pool(const BatchNormShape& s, const PoolShape& pool,
                                          Dtype dtype, const BatchNormArrays& arrays, const void* x,
                                          void* y) {
  if (dtype == Dtype::f64)
    return reference::batch_norm_relu_max_pool(s, pool, arrays, f64(x), f64(y));
  dispatch_floating("batch_norm_relu_max_pool", dtype, [&](auto zero) {
    using T = decltype(zero);
    Channels channels(*this, s, arrays);
    forward(pool, channels, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void CpuBackend::batch_norm_relu_max_pool_backward(const BatchNormShape& s, const PoolShape& pool,
                                                   Dtype dtype, bool batch_statistics,
                                                   const BatchNormArrays& arrays, const void* x,
                                                   const void* dy, const BatchNormGradients& d) {
  if (dtype == Dtype::f64)
    return reference::batch_norm_relu_max_pool_backward(s, pool, batch_statistics, arrays, f64(x),
                                                        f64(dy), d);
  dispatch_floating("batch_norm_relu_max_pool_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    auto* input = static_cast<const T*>(x);
    auto* gradient = static_cast<const T*>(dy);
    Channels channels(*this, s, arrays);
    ScratchArray<float> dgamma(*this, s.channels), dbeta(*this, s.channels);
    sum_gradients(*this, pool, channels, input, gradient, dgamma.data(), dbeta.data());
    if (d.dgamma) std::copy_n(dgamma.data(), s.channels, static_cast<float*>(d.dgamma));
    if (d.dbeta) std::copy_n(dbeta.data(), s.channels, static_cast<float*>(d.dbeta));
    if (!d.dx) return;
    float *dgamma_mean = dgamma.data(), *dbeta_mean = dbeta.data(),
          rows = static_cast<float>(s.rows);
    for (i64 c = 0; c < s.channels; ++c) {
      dgamma_mean[c] = batch_statistics ? dgamma_mean[c] / rows : 0.0f;
      dbeta_mean[c] = batch_statistics ? dbeta_mean[c] / rows : 0.0f;
    }
    input_gradient(pool, channels, input, gradient, dgamma_mean, dbeta_mean, static_cast<T*>(d.dx));
  });
}

}  // namespace melgrad
