#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"
#include "kernels/scratch_array.h"

// x (rows, channels). The inner loops run over a group of rows: as many, side by side, as make some
// hundred values, and everything that belongs to a channel is repeated for each of them. So one
// channel is as fast as a hundred.
//
// Sums over the rows are taken in three steps: blocks that stay in L1 are summed in f32 (f64 for
// f64), the blocks of a section in f64, and the sections in f64, in order. Sections are given to
// threads but do not depend on their number, so neither does the result.
namespace melgrad {
namespace {

struct RowGroup {
  i64 channels, rows, count;  // count = rows · channels

  explicit RowGroup(i64 c) : channels(c), rows(std::max<i64>(256 / std::max<i64>(c, 1), 1)) {
    count = rows * channels;
  }
  // The first row's values, into all rows.
  void repeat(float* values) const {
    for (i64 i = channels; i < count; ++i) values[i] = values[i - channels];
  }
  // All rows' values, added to the first's.
  void sum(float* values) const {
    for (i64 r = 1; r < rows; ++r)
      for (i64 c = 0; c < channels; ++c) values[c] += values[r * channels + c];
  }
  // f(first element, number of elements) for each group of rows; the last may be smaller.
  template <class F>
  void for_each(i64 elements, F f) const {
    for (i64 e = 0; e < elements; e += count) f(e, std::min(count, elements - e));
  }
};

struct Sections {
  i64 rows, block_rows, section_rows, count;

  Sections(i64 all_rows, const RowGroup& group) : rows(all_rows) {
    constexpr i64 block_elements = 8192, max_sections = 64;
    i64 groups = std::max<i64>(block_elements / std::max<i64>(group.count, 1), 8);
    block_rows = groups * group.rows;
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
// m, sum, square (group)  result (channels)
template <class T>
void block_moments(const RowGroup& group, i64 rows, const T* x, float* m, float* sum, float* square,
                   Moments* result) {
  for (float* sums_of : {m, sum, square}) std::fill_n(sums_of, group.count, 0.0f);
  float share = 1.0f / static_cast<float>(rows);
  group.for_each(rows * group.channels, [&](i64 e, i64 count) {
#pragma omp simd
    for (i64 i = 0; i < count; ++i) m[i] += static_cast<float>(x[e + i]) * share;
  });
  group.sum(m);
  group.repeat(m);
  group.for_each(rows * group.channels, [&](i64 e, i64 count) {
#pragma omp simd
    for (i64 i = 0; i < count; ++i) {
      float d = static_cast<float>(x[e + i]) - m[i];
      sum[i] += d;
      square[i] += d * d;
    }
  });
  group.sum(sum);
  group.sum(square);
  for (i64 c = 0; c < group.channels; ++c) {
    double d = sum[c], n = static_cast<double>(rows);
    result[c] = {m[c] + d / n, square[c] - d * d / n};
  }
}

// mean[c] = Σ_r x / rows,  var[c] = Σ_r (x − mean)² / rows
template <class T>
MELGRAD_SIMD void statistics(Backend& backend, i64 rows, i64 channels, const T* x, float* mean,
                             float* var) {
  RowGroup group(channels);
  Sections sections(rows, group);
  ScratchArray<Moments> moments(backend, sections.count * channels);
  ScratchArray<Moments> block(backend, sections.count * channels);
  ScratchArray<float> sums(backend, sections.count * group.count * 3);
#pragma omp parallel for schedule(static) if (many_elements(rows * channels))
  for (i64 section = 0; section < sections.count; ++section) {
    Moments* total = moments.data() + section * channels;
    Moments* part = block.data() + section * channels;
    float* work = sums.data() + section * group.count * 3;
    i64 begin = sections.begin(section), end = sections.end(section);
    for (i64 r = begin; r < end; r += sections.block_rows) {
      i64 count = std::min(sections.block_rows, end - r);
      block_moments(group, count, x + r * channels, work, work + group.count,
                    work + 2 * group.count, part);
      for (i64 c = 0; c < channels; ++c)
        total[c] = r == begin ? part[c] : join(total[c], r - begin, part[c], count);
    }
  }
  for (i64 c = 0; c < channels; ++c) {
    Moments all = sections.count > 0 ? moments[c] : Moments{};
    for (i64 section = 1; section < sections.count; ++section)
      all = join(all, sections.begin(section), moments[section * channels + c],
                 sections.end(section) - sections.begin(section));
    mean[c] = static_cast<float>(all.mean);
    var[c] = static_cast<float>(all.m2 / static_cast<double>(rows));
  }
}

// y = scale (x − mean) + beta with scale = gamma / √(var + eps), a value for each of the group. The mean is
// subtracted first: folded into beta, a large mean would take the digits of a small deviation.
struct Affine {
  RowGroup group;
  ScratchArray<float> mean, inverse_std, scale, beta;

  Affine(Backend& backend, const BatchNormShape& s, const BatchNormArrays& arrays)
      : group(s.channels),
        mean(backend, group.count),
        inverse_std(backend, group.count),
        scale(backend, group.count),
        beta(backend, group.count) {
    auto* var = static_cast<const float*>(arrays.var);
    auto* gamma = static_cast<const float*>(arrays.gamma);
    for (i64 c = 0; c < s.channels; ++c) {
      inverse_std[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(var[c]) + s.eps));
      scale[c] = inverse_std[c] * (gamma ? gamma[c] : 1.0f);
    }
    std::copy_n(static_cast<const float*>(arrays.mean), s.channels, mean.data());
    if (arrays.beta)
      std::copy_n(static_cast<const float*>(arrays.beta), s.channels, beta.data());
    else
      std::fill_n(beta.data(), s.channels, 0.0f);
    for (const auto* values : {&mean, &inverse_std, &scale, &beta}) group.repeat(values->data());
  }
};

// residual: null unless `adds`
template <bool adds, class T>
MELGRAD_SIMD void normalize(const Affine& affine, i64 rows, bool relu, const T* x,
                            const T* residual, T* y) {
  i64 elements = rows * affine.group.channels, step = affine.group.count;
  const float *mean = affine.mean.data(), *scale = affine.scale.data(), *beta = affine.beta.data();
  float smallest = relu ? 0.0f : -std::numeric_limits<float>::infinity();
#pragma omp parallel for schedule(static) if (many_elements(elements))
  for (i64 e = 0; e < elements; e += step) {
    i64 count = std::min(step, elements - e);
#pragma omp simd
    for (i64 i = 0; i < count; ++i) {
      float value = (static_cast<float>(x[e + i]) - mean[i]) * scale[i] + beta[i];
      if constexpr (adds) value += static_cast<float>(residual[e + i]);
      store(y[e + i], value < smallest ? smallest : value);
    }
  }
}

// dy where the ReLU was on, which is seen from y as forward computes it, else 0 (a NaN stays). It is
// clamped to ±∞ or to ±0, for `on ? dy : 0` becomes a load of dy that has to wait for the comparison:
// 2.5 times slower.
float masked(bool relu, float dy, float deviation, float scale, float beta) {
  bool on = !relu | (deviation * scale + beta > 0.0f);
  float limit = on ? std::numeric_limits<float>::infinity() : 0.0f;
  float not_below = dy < -limit ? -limit : dy;
  return not_below > limit ? limit : not_below;
}

// dgamma += Σ dy x̂,  dbeta += Σ dy, a value for each of the group
template <class T>
void sum_block(const Affine& affine, i64 rows, bool relu, const T* x, const T* dy, float* dgamma,
               float* dbeta) {
  const float *mean = affine.mean.data(), *inverse_std = affine.inverse_std.data();
  const float *scale = affine.scale.data(), *beta = affine.beta.data();
  affine.group.for_each(rows * affine.group.channels, [&](i64 e, i64 count) {
#pragma omp simd
    for (i64 i = 0; i < count; ++i) {
      float deviation = static_cast<float>(x[e + i]) - mean[i];
      float d = masked(relu, static_cast<float>(dy[e + i]), deviation, scale[i], beta[i]);
      dbeta[i] += d;
      dgamma[i] += d * deviation * inverse_std[i];
    }
  });
}

// dgamma = Σ dy x̂,  dbeta = Σ dy  (channels)
template <class T>
MELGRAD_SIMD void sum_gradients(Backend& backend, const Affine& affine, i64 rows, bool relu,
                                const T* x, const T* dy, float* dgamma, float* dbeta) {
  const RowGroup& group = affine.group;
  i64 channels = group.channels;
  Sections sections(rows, group);
  ScratchArray<double> totals(backend, sections.count * channels * 2);
  ScratchArray<float> sums(backend, sections.count * group.count * 2);
#pragma omp parallel for schedule(static) if (many_elements(rows * channels))
  for (i64 section = 0; section < sections.count; ++section) {
    double* total = totals.data() + section * channels * 2;
    float *dgamma_sum = sums.data() + section * group.count * 2,
          *dbeta_sum = dgamma_sum + group.count;
    std::fill_n(total, channels * 2, 0.);
    i64 end = sections.end(section);
    for (i64 r = sections.begin(section); r < end; r += sections.block_rows) {
      std::fill_n(dgamma_sum, group.count * 2, 0.0f);
      sum_block(affine, std::min(sections.block_rows, end - r), relu, x + r * channels,
                dy + r * channels, dgamma_sum, dbeta_sum);
      group.sum(dgamma_sum);
      group.sum(dbeta_sum);
      for (i64 c = 0; c < channels; ++c) total[c] += dgamma_sum[c];
      for (i64 c = 0; c < channels; ++c) total[channels + c] += dbeta_sum[c];
    }
  }
  for (i64 c = 0; c < channels; ++c) {
    double dgamma_total = 0, dbeta_total = 0;
    for (i64 section = 0; section < sections.count; ++section) {
      dgamma_total += totals[section * channels * 2 + c];
      dbeta_total += totals[section * channels * 2 + channels + c];
    }
    dgamma[c] = static_cast<float>(dgamma_total);
    dbeta[c] = static_cast<float>(dbeta_total);
  }
}

// dx = scale (dy − dbeta/rows − x̂ dgamma/rows), or scale dy where the statistics are constants:
// then dgamma_mean and dbeta_mean are 0. A value for each of the group.
template <class T>
MELGRAD_SIMD void input_gradient(const Affine& affine, i64 rows, bool relu, const T* x, const T* dy,
                                 const float* dgamma_mean, const float* dbeta_mean, T* dx) {
  i64 elements = rows * affine.group.channels, step = affine.group.count;
  const float *mean = affine.mean.data(), *inverse_std = affine.inverse_std.data();
  const float *scale = affine.scale.data(), *beta = affine.beta.data();
#pragma omp parallel for schedule(static) if (many_elements(elements))
  for (i64 e = 0; e < elements; e += step) {
    i64 count = std::min(step, elements - e);
#pragma omp simd
    for (i64 i = 0; i < count; ++i) {
      float deviation = static_cast<float>(x[e + i]) - mean[i];
      float d = masked(relu, static_cast<float>(dy[e + i]), deviation, scale[i], beta[i]);
      float normalized = deviation * inverse_std[i];
      store(dx[e + i], scale[i] * (d - dbeta_mean[i] - normalized * dgamma_mean[i]));
    }
  }
}

// dgamma = Σ dy x̂ and dbeta = Σ dy with dy masked by the ReLU and x̂ = (x − mean)/√(var + eps); dx
template <class T>
void backward(Backend& backend, const BatchNormShape& s, bool batch_statistics,
              const Affine& affine, const T* x, const T* dy, const BatchNormGradients& d) {
  const RowGroup& group = affine.group;
  ScratchArray<float> dgamma(backend, group.count), dbeta(backend, group.count);
  if (batch_statistics || d.dgamma || d.dbeta)
    sum_gradients(backend, affine, s.rows, s.relu, x, dy, dgamma.data(), dbeta.data());
  if (d.dgamma) std::copy_n(dgamma.data(), s.channels, static_cast<float*>(d.dgamma));
  if (d.dbeta) std::copy_n(dbeta.data(), s.channels, static_cast<float*>(d.dbeta));
  if (!d.dx) return;
  float *dgamma_mean = dgamma.data(), *dbeta_mean = dbeta.data();
  for (float* values : {dgamma_mean, dbeta_mean}) {
    for (i64 c = 0; c < s.channels; ++c)
      values[c] = batch_statistics ? values[c] / static_cast<float>(s.rows) : 0.0f;
    group.repeat(values);
  }
  input_gradient(affine, s.rows, s.relu, x, dy, dgamma_mean, dbeta_mean, static_cast<T*>(d.dx));
}

}  // namespace

void CpuBackend::batch_norm_statistics(Dtype dtype, i64 rows, i64 channels, const void* x,
                                       void* mean, void* var) {
  if (dtype == Dtype::f64)
    return reference::batch_norm_statistics(rows, channels, f64(x), f64(mean), f64(var));
  dispatch_floating("batch_norm_statistics", dtype, [&](auto zero) {
    using T = decltype(zero);
    statistics(*this, rows, channels, static_cast<const T*>(x), static_cast<float*>(mean),
               static_cast<float*>(var));
  });
}

void CpuBackend::batch_norm_track(Dtype dtype, i64 channels, double momentum, double correction,
                                  const void* mean, const void* var, void* running_mean,
                                  void* running_var, i64* batches) {
  if (dtype == Dtype::f64) {
    reference::batch_norm_track(channels, momentum, correction, f64(mean), f64(var),
                                f64(running_mean), f64(running_var));
  } else {
    check(dtype == Dtype::f32, "batch_norm_track", "needs f32 or f64, got {}", name_of(dtype));
    auto keep = static_cast<float>(1 - momentum);
    auto move = [&](const void* batch, void* running, double weight) {
      const auto* from = static_cast<const float*>(batch);
      auto* to = static_cast<float*>(running);
      for (i64 c = 0; c < channels; ++c)
        to[c] = keep * to[c] + static_cast<float>(weight) * from[c];
    };
    move(mean, running_mean, momentum);
    move(var, running_var, momentum * correction);
  }
  ++*batches;
}

void CpuBackend::batch_norm(const BatchNormShape& s, Dtype dtype, const BatchNormArrays& arrays,
                            const void* x, const void* residual, void* y) {
  if (dtype == Dtype::f64) return reference::batch_norm(s, arrays, f64(x), f64(residual), f64(y));
  dispatch_floating("batch_norm", dtype, [&](auto zero) {
    using T = decltype(zero);
    Affine affine(*this, s, arrays);
    auto* run = residual ? &normalize<true, T> : &normalize<false, T>;
    run(affine, s.rows, s.relu, static_cast<const T*>(x), static_cast<const T*>(residual),
        static_cast<T*>(y));
  });
}

void CpuBackend::batch_norm_backward(const BatchNormShape& s, Dtype dtype, bool batch_statistics,
                                     const BatchNormArrays& arrays, const void* x, const void* dy,
                                     const BatchNormGradients& d) {
  if (dtype == Dtype::f64)
    return reference::batch_norm_backward(s, batch_statistics, arrays, f64(x), f64(dy), d);
  dispatch_floating("batch_norm_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    Affine affine(*this, s, arrays);
    backward(*this, s, batch_statistics, affine, static_cast<const T*>(x),
             static_cast<const T*>(dy), d);
  });
}

}  // namespace melgrad
