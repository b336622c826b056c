#include <algorithm>
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/floating.h"
#include "kernels/cpu/scratch_array.h"

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
void statistics(Backend& backend, i64 rows, i64 channels, const T* x, Wide<T>* mean, Wide<T>* var) {
  using W = Wide<T>;
  Sections sections(rows, channels);
  ScratchArray<Moments> moments(backend, sections.count * channels);
  ScratchArray<Moments> block(backend, sections.count * channels);
  ScratchArray<W> sums(backend, sections.count * channels * 3);
#pragma omp parallel for schedule(static)
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
void normalize(Backend& backend, i64 rows, i64 channels, double eps, bool relu, const T* x,
               const Wide<T>* mean, const Wide<T>* var, const Wide<T>* gamma, const Wide<T>* beta_,
               T* y) {
  using W = Wide<T>;
  Affine<W> affine(backend, channels, eps, var, gamma, beta_);
  const W* scale = affine.scale.data();
  const W* beta = affine.beta.data();
#pragma omp parallel for schedule(static)
  for (i64 r = 0; r < rows; ++r) {
    const T* x_row = x + r * channels;
    T* y_row = y + r * channels;
#pragma omp simd
    for (i64 c = 0; c < channels; ++c) {
      W value = (static_cast<W>(x_row[c]) - mean[c]) * scale[c] + beta[c];
      y_row[c] = static_cast<T>(relu && value < W{} ? W{} : value);
    }
  }
}

// dgamma = Σ dy x̂ and dbeta = Σ dy, with dy masked where the ReLU was off, then
// dx = scale (dy − dbeta/rows − x̂ dgamma/rows);  x̂ = (x − mean)/√(var + eps)
template <class T>
class BatchNormBackward {
  using W = Wide<T>;

 public:
  BatchNormBackward(Backend& backend, i64 rows, i64 channels, double eps, bool relu, const T* x,
                    const W* mean, const W* var, const W* gamma, const W* beta, const T* dy)
      : backend_(backend),
        rows_(rows),
        channels_(channels),
        relu_(relu),
        x_(x),
        mean_(mean),
        dy_(dy),
        affine_(backend, channels, eps, var, gamma, beta),
        dgamma_(backend, channels),
        dbeta_(backend, channels) {}

  void sum_gradients() {
    Sections sections(rows_, channels_);
    ScratchArray<double> totals(backend_, sections.count * channels_ * 2);
    ScratchArray<W> sums(backend_, sections.count * channels_ * 2);
#pragma omp parallel for schedule(static)
    for (i64 section = 0; section < sections.count; ++section) {
      double* total = totals.data() + section * channels_ * 2;
      W* sum = sums.data() + section * channels_ * 2;
      std::fill_n(total, channels_ * 2, 0.);
      i64 end = sections.end(section);
      for (i64 r = sections.begin(section); r < end; r += sections.block_rows) {
        sum_block(r, std::min(r + sections.block_rows, end), sum, sum + channels_);
        for (i64 c = 0; c < channels_ * 2; ++c) total[c] += sum[c];
      }
    }
    for (i64 c = 0; c < channels_; ++c) {
      double dgamma = 0, dbeta = 0;
      for (i64 section = 0; section < sections.count; ++section) {
        dgamma += totals[section * channels_ * 2 + c];
        dbeta += totals[section * channels_ * 2 + channels_ + c];
      }
      dgamma_[c] = static_cast<W>(dgamma);
      dbeta_[c] = static_cast<W>(dbeta);
    }
  }

  void input_gradient(bool batch_statistics, T* dx) const {
    W share = W{1} / static_cast<W>(rows_);
#pragma omp parallel for schedule(static)
    for (i64 r = 0; r < rows_; ++r) {
#pragma omp simd
      for (i64 c = 0; c < channels_; ++c) {
        W centred = masked_dy(r, c);
        if (batch_statistics)
          centred -= (dbeta_[c] + deviation(r, c) * affine_.inverse_std[c] * dgamma_[c]) * share;
        dx[r * channels_ + c] = static_cast<T>(affine_.scale[c] * centred);
      }
    }
  }

  void store(W* dgamma, W* dbeta) const {
    if (dgamma) std::copy_n(dgamma_.data(), channels_, dgamma);
    if (dbeta) std::copy_n(dbeta_.data(), channels_, dbeta);
  }

 private:
  W deviation(i64 r, i64 c) const { return static_cast<W>(x_[r * channels_ + c]) - mean_[c]; }
  W masked_dy(i64 r, i64 c) const {
    bool off = relu_ && !(deviation(r, c) * affine_.scale[c] + affine_.beta[c] > W{});
    return off ? W{} : static_cast<W>(dy_[r * channels_ + c]);
  }
  void sum_block(i64 begin, i64 end, W* dgamma, W* dbeta) const {
    std::fill_n(dgamma, channels_, W{});
    std::fill_n(dbeta, channels_, W{});
    for (i64 r = begin; r < end; ++r) {
#pragma omp simd
      for (i64 c = 0; c < channels_; ++c) {
        W dy = masked_dy(r, c);
        dbeta[c] += dy;
        dgamma[c] += dy * deviation(r, c) * affine_.inverse_std[c];
      }
    }
  }

  Backend& backend_;
  i64 rows_, channels_;
  bool relu_;
  const T* x_;
  const W* mean_;
  const T* dy_;
  Affine<W> affine_;
  ScratchArray<W> dgamma_, dbeta_;
};

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
    BatchNormBackward<T> backward(*this, rows, channels, eps, relu, static_cast<const T*>(x),
                                  static_cast<const W*>(mean), static_cast<const W*>(var),
                                  static_cast<const W*>(gamma), static_cast<const W*>(beta),
                                  static_cast<const T*>(dy));
    if (batch_statistics || dgamma || dbeta) backward.sum_gradients();
    if (dx) backward.input_gradient(batch_statistics, static_cast<T*>(dx));
    backward.store(static_cast<W*>(dgamma), static_cast<W*>(dbeta));
  });
}

}  // namespace melgrad
