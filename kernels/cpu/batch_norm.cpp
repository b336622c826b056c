#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/floating.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch_array.h"
#include "kernels/cpu/simd.h"

// x (rows, channels). Sums over the rows are taken in three steps: blocks that stay in L1 are
// summed in f32 (f64 for f64), the blocks of a section in f64, and the sections in f64, in order.
// Sections are given to threads but do not depend on their number, so neither does the result.
namespace melgrad {
namespace {

constexpr i64 max_sections = 64;

struct Sections {
  i64 rows, block_rows, section_rows, count;

  Sections(i64 all_rows, i64 channels) : rows(all_rows) {
    constexpr i64 block_elements = 4096;
    block_rows = std::clamp<i64>(block_elements / std::max<i64>(channels, 1), 16, 256);
    i64 blocks = (rows + block_rows - 1) / block_rows;
    section_rows = std::max<i64>((blocks + max_sections - 1) / max_sections, 1) * block_rows;
    count = (rows + section_rows - 1) / section_rows;
  }
  i64 begin(i64 section) const { return section * section_rows; }
  i64 end(i64 section) const { return std::min(rows, begin(section) + section_rows); }
};

// Joins the mean and the squared deviations m2 of two sets of values (Chan, Golub, LeVeque 1979):
//   d = mean_b − mean_a,  mean = mean_a + d n_b/n,  m2 = m2_a + m2_b + d² n_a n_b/n
struct Moments {
  double mean, m2;
};
Moments join(Moments a, i64 n_a, Moments b, i64 n_b) {
  double share = static_cast<double>(n_b) / static_cast<double>(n_a + n_b);
  double d = b.mean - a.mean;
  return {a.mean + d * share, a.m2 + b.m2 + d * d * share * static_cast<double>(n_a)};
}

// The moments of each channel of `rows` rows. The block's mean is first found to the precision of a
// plain sum; the deviations from it then give both its correction and the squares:
//   mean = m + Σ(x − m)/rows,  m2 = Σ(x − m)² − (Σ(x − m))²/rows
template <class T>
void block_moments(i64 rows, i64 channels, const T* x, Wide<T>* m, Wide<T>* sum, Wide<T>* square,
                   Moments* result) {
  using W = Wide<T>;
  std::fill_n(m, channels, W{});
  std::fill_n(sum, channels, W{});
  std::fill_n(square, channels, W{});
  W share = W{1} / static_cast<W>(rows);
  for (i64 r = 0; r < rows; ++r) {
#pragma omp simd
    for (i64 c = 0; c < channels; ++c) m[c] += static_cast<W>(x[r * channels + c]) * share;
  }
  for (i64 r = 0; r < rows; ++r) {
#pragma omp simd
    for (i64 c = 0; c < channels; ++c) {
      W d = static_cast<W>(x[r * channels + c]) - m[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
  for (i64 c = 0; c < channels; ++c) {
    double d = sum[c];
    result[c] = {m[c] + d / static_cast<double>(rows),
                 square[c] - d * d / static_cast<double>(rows)};
  }
}

// mean[c] = Σ_r x / rows,  var[c] = Σ_r (x − mean)² / rows
template <class T>
MELGRAD_SIMD void statistics(Backend& backend, i64 rows, i64 channels, const T* x, Wide<T>* mean,
                             Wide<T>* var) {
  using W = Wide<T>;
  Sections sections(rows, channels);
  ScratchArray<Moments> moments(backend, sections.count * channels);
  ScratchArray<Moments> block(backend, sections.count * channels);
  ScratchArray<W> sums(backend, sections.count * channels * 3);
#pragma omp parallel for schedule(static) if (sections.count > 1)
  for (i64 section = 0; section < sections.count; ++section) {
    Moments* total = moments.data() + section * channels;
    Moments* part = block.data() + section * channels;
    W* work = sums.data() + section * channels * 3;
    i64 begin = sections.begin(section), end = sections.end(section);
    for (i64 r = begin; r < end; r += sections.block_rows) {
      i64 count = std::min(sections.block_rows, end - r);
      block_moments(count, channels, x + r * channels, work, work + channels, work + 2 * channels,
                    part);
      for (i64 c = 0; c < channels; ++c)
        total[c] = r == begin ? part[c] : join(total[c], r - begin, part[c], count);
    }
  }
  for (i64 c = 0; c < channels; ++c) {
    Moments all = sections.count > 0 ? moments[c] : Moments{};
    for (i64 section = 1; section < sections.count; ++section)
      all = join(all, sections.begin(section), moments[section * channels + c],
                 sections.end(section) - sections.begin(section));
    mean[c] = static_cast<W>(all.mean);
    var[c] = static_cast<W>(all.m2 / static_cast<double>(rows));
  }
}

// y = scale (x − mean) + beta with scale = gamma / √(var + eps). The mean is subtracted first: folded
// into beta, a large mean would take the digits of a small deviation.
template <class W>
struct Affine {
  ScratchArray<W> inverse_std, scale, beta;

  Affine(Backend& backend, i64 channels, double eps, const W* var, const W* gamma, const W* beta_)
      : inverse_std(backend, channels), scale(backend, channels), beta(backend, channels) {
    for (i64 c = 0; c < channels; ++c) {
      inverse_std[c] = static_cast<W>(1 / std::sqrt(static_cast<double>(var[c]) + eps));
      scale[c] = inverse_std[c] * (gamma ? gamma[c] : W{1});
      beta[c] = beta_ ? beta_[c] : W{};
    }
  }
};

template <class T>
MELGRAD_SIMD void normalize(Backend& backend, i64 rows, i64 channels, double eps, bool relu,
                            const T* x, const Wide<T>* mean, const Wide<T>* var,
                            const Wide<T>* gamma, const Wide<T>* beta_, T* y) {
  using W = Wide<T>;
  Affine<W> affine(backend, channels, eps, var, gamma, beta_);
  const W* scale = affine.scale.data();
  const W* beta = affine.beta.data();
  W smallest = relu ? W{} : -std::numeric_limits<W>::infinity();
#pragma omp parallel for schedule(static) if (rows * channels >= elementwise_grain)
  for (i64 r = 0; r < rows; ++r) {
    const T* x_row = x + r * channels;
    T* y_row = y + r * channels;
#pragma omp simd
    for (i64 c = 0; c < channels; ++c) {
      W value = (static_cast<W>(x_row[c]) - mean[c]) * scale[c] + beta[c];
      store(y_row[c], value < smallest ? smallest : value);
    }
  }
}

// What the two passes of backward read. They work on plain pointers in local variables, or the
// compiler would have to fear that what they write changes what they read.
template <class T, class W = Wide<T>>
struct BackwardInputs {
  i64 rows, channels;
  bool relu;
  const T *x, *dy;
  const W *mean, *inverse_std, *scale, *beta;
};

// dy where the ReLU was on, which is seen from y as forward computes it, else 0
template <class W>
W masked(bool relu, W dy, W deviation, W scale, W beta) {
  bool on = !relu | (deviation * scale + beta > W{});  // no branch, or it is no vector code
  return on ? dy : W{};
}

// dgamma += Σ dy x̂,  dbeta += Σ dy over the rows begin … end
template <class T, class W = Wide<T>>
void sum_block(const BackwardInputs<T>& in, i64 begin, i64 end, W* dgamma, W* dbeta) {
  i64 channels = in.channels;
  bool relu = in.relu;
  const W *mean = in.mean, *inverse_std = in.inverse_std, *scale = in.scale, *beta = in.beta;
  for (i64 r = begin; r < end; ++r) {
    const T *x_row = in.x + r * channels, *dy_row = in.dy + r * channels;
#pragma omp simd
    for (i64 c = 0; c < channels; ++c) {
      W deviation = static_cast<W>(x_row[c]) - mean[c];
      W d = masked(relu, static_cast<W>(dy_row[c]), deviation, scale[c], beta[c]);
      dbeta[c] += d;
      dgamma[c] += d * deviation * inverse_std[c];
    }
  }
}

template <class T, class W = Wide<T>>
MELGRAD_SIMD void sum_gradients(Backend& backend, const BackwardInputs<T>& in, W* dgamma,
                                W* dbeta) {
  i64 channels = in.channels;
  Sections sections(in.rows, channels);
  ScratchArray<double> totals(backend, sections.count * channels * 2);
  ScratchArray<W> sums(backend, sections.count * channels * 2);
#pragma omp parallel for schedule(static) if (sections.count > 1)
  for (i64 section = 0; section < sections.count; ++section) {
    double* total = totals.data() + section * channels * 2;
    W* sum = sums.data() + section * channels * 2;
    std::fill_n(total, channels * 2, 0.);
    i64 end = sections.end(section);
    for (i64 r = sections.begin(section); r < end; r += sections.block_rows) {
      std::fill_n(sum, channels * 2, W{});
      sum_block(in, r, std::min(r + sections.block_rows, end), sum, sum + channels);
      for (i64 c = 0; c < channels * 2; ++c) total[c] += sum[c];
    }
  }
  for (i64 c = 0; c < channels; ++c) {
    double dgamma_sum = 0, dbeta_sum = 0;
    for (i64 section = 0; section < sections.count; ++section) {
      dgamma_sum += totals[section * channels * 2 + c];
      dbeta_sum += totals[section * channels * 2 + channels + c];
    }
    dgamma[c] = static_cast<W>(dgamma_sum);
    dbeta[c] = static_cast<W>(dbeta_sum);
  }
}

// dx = scale (dy − dbeta/rows − x̂ dgamma/rows), or scale dy where the statistics are constants:
// then dgamma_mean and dbeta_mean are 0
template <class T, class W = Wide<T>>
MELGRAD_SIMD void input_gradient(const BackwardInputs<T>& in, const W* dgamma_mean,
                                 const W* dbeta_mean, T* dx) {
#pragma omp parallel for schedule(static) if (in.rows * in.channels >= elementwise_grain)
  for (i64 r = 0; r < in.rows; ++r) {
    i64 channels = in.channels;
    bool relu = in.relu;
    const W *mean = in.mean, *inverse_std = in.inverse_std, *scale = in.scale, *beta = in.beta;
    const T *x_row = in.x + r * channels, *dy_row = in.dy + r * channels;
    T* dx_row = dx + r * channels;
#pragma omp simd
    for (i64 c = 0; c < channels; ++c) {
      W deviation = static_cast<W>(x_row[c]) - mean[c];
      W d = masked(relu, static_cast<W>(dy_row[c]), deviation, scale[c], beta[c]);
      W normalized = deviation * inverse_std[c];
      store(dx_row[c], scale[c] * (d - dbeta_mean[c] - normalized * dgamma_mean[c]));
    }
  }
}

// dgamma = Σ dy x̂ and dbeta = Σ dy with dy masked by the ReLU and x̂ = (x − mean)/√(var + eps); dx
template <class T, class W = Wide<T>>
void backward(Backend& backend, double eps, bool batch_statistics, BackwardInputs<T> in,
              const W* var, const W* gamma, const W* beta, T* dx, W* dgamma, W* dbeta) {
  Affine<W> affine(backend, in.channels, eps, var, gamma, beta);
  in.inverse_std = affine.inverse_std.data();
  in.scale = affine.scale.data();
  in.beta = affine.beta.data();
  ScratchArray<W> dgamma_mean(backend, in.channels), dbeta_mean(backend, in.channels);
  if (batch_statistics || dgamma || dbeta)
    sum_gradients(backend, in, dgamma_mean.data(), dbeta_mean.data());
  if (dgamma) std::copy_n(dgamma_mean.data(), in.channels, dgamma);
  if (dbeta) std::copy_n(dbeta_mean.data(), in.channels, dbeta);
  if (!dx) return;
  for (i64 c = 0; c < in.channels; ++c) {
    W rows = static_cast<W>(in.rows);
    dgamma_mean[c] = batch_statistics ? dgamma_mean[c] / rows : W{};
    dbeta_mean[c] = batch_statistics ? dbeta_mean[c] / rows : W{};
  }
  input_gradient(in, dgamma_mean.data(), dbeta_mean.data(), dx);
}

}  // namespace

void CpuBackend::batch_norm_statistics(Dtype dtype, i64 rows, i64 channels, const void* x,
                                       void* mean, void* var) {
  dispatch_floating("batch_norm_statistics", dtype, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    statistics(*this, rows, channels, static_cast<const T*>(x), static_cast<W*>(mean),
               static_cast<W*>(var));
  });
}

void CpuBackend::batch_norm(Dtype dtype, i64 rows, i64 channels, double eps, bool relu,
                            const void* x, const void* mean, const void* var, const void* gamma,
                            const void* beta, void* y) {
  dispatch_floating("batch_norm", dtype, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    normalize(*this, rows, channels, eps, relu, static_cast<const T*>(x),
              static_cast<const W*>(mean), static_cast<const W*>(var), static_cast<const W*>(gamma),
              static_cast<const W*>(beta), static_cast<T*>(y));
  });
}

void CpuBackend::batch_norm_backward(Dtype dtype, i64 rows, i64 channels, double eps, bool relu,
                                     bool batch_statistics, const void* x, const void* mean,
                                     const void* var, const void* gamma, const void* beta,
                                     const void* dy, void* dx, void* dgamma, void* dbeta) {
  dispatch_floating("batch_norm_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    BackwardInputs<T> in = {.rows = rows,
                            .channels = channels,
                            .relu = relu,
                            .x = static_cast<const T*>(x),
                            .dy = static_cast<const T*>(dy),
                            .mean = static_cast<const W*>(mean),
                            .inverse_std = nullptr,
                            .scale = nullptr,
                            .beta = nullptr};
    backward(*this, eps, batch_statistics, in, static_cast<const W*>(var),
             static_cast<const W*>(gamma), static_cast<const W*>(beta), static_cast<T*>(dx),
             static_cast<W*>(dgamma), static_cast<W*>(dbeta));
  });
}

}  // namespace melgrad
