#include "kernels/cuda/normalization.h"
#include "kernels/cuda/scalar.h"
#include "kernels/scratch_array.h"

// x (rows, channels). Sums over the rows are taken in two kernels: a block sums a strip of rows for 32 channels and
// writes a partial result; the second kernel joins the strips in order. No atomics: the same bits every time.
namespace melgrad {
namespace cuda {

// Mean and squared deviations m2 of n values.
struct Moments {
  float mean = 0, m2 = 0, n = 0;
};

// Chan, Golub & LeVeque 1979:  d = mean_b − mean_a,  mean = mean_a + d n_b/n,  m2 = m2_a + m2_b + d² n_a n_b/n.
// With a single value for b that is Welford 1962.
struct JoinMoments {
  __device__ Moments operator()(const Moments& a, const Moments& b) const {
    if (b.n == 0) return a;
    if (a.n == 0) return b;
    float n = a.n + b.n, d = b.mean - a.mean, share = b.n / n;
    return {a.mean + d * share, a.m2 + b.m2 + d * d * a.n * share, n};
  }
};

// partial[strip, c] of the rows of this strip
template <class T>
__global__ void moments_of_strips(const T* x, i64 rows, i64 channels, Strips strips,
                                  Moments* partial /* (strips, channels) */) {
  auto [c, part] = column_of_part(channels);
  const T* top = x + c;
  Moments all = combine_by_column(
      c < channels ? strip(strips, part, rows) : Interval(), Moments(),
      [&](i64 r) {
        return Moments{load(top[r * channels]), 0, 1};
      },
      JoinMoments());
  if (threadIdx.y == 0 && c < channels) partial[part * channels + c] = all;
}

// A warp a channel.
__global__ void join_moments(const Moments* partial /* (strips, channels) */, i64 strips,
                             i64 channels, float* mean, float* var) {
  i64 c = global_warp();
  if (c >= channels) return;
  Moments all = combine_by_warp(
      {0, strips}, Moments(), [&](i64 s) { return partial[s * channels + c]; }, JoinMoments());
  if (lane_id() != 0) return;
  mean[c] = all.mean;
  var[c] = all.m2 / all.n;
}

// Each thread of the element-wise kernels keeps to one channel, or to a pack of them, and takes every `step`th element of x, a
// multiple of `channels`: what belongs to the channel is computed once, and a warp's elements lie side by side. All is
// asked for before anything is stored, since the compiler cannot know that y is not x.
constexpr int rows_a_thread = 4;

template <i64 pack, class T>
struct Rows {
  Pack<T, pack> at[rows_a_thread] = {};

  __device__ Rows(const T* x, i64 first, i64 n, i64 step) {
    for (int r = 0; r < rows_a_thread; ++r) {
      if (first + r * step < n) at[r] = load_pack<pack>(x + first + r * step);
    }
  }
};

template <i64 pack, class T>
__global__ void normalize(Normalization norm, const T* x, const T* residual /* or null */, i64 n,
                          i64 channels, i64 step, bool relu, T* y) {
  i64 first = global_thread() * pack;
  if (first >= step) return;
  Channel channel[pack];
  norm.get(first % channels, channel);
  Rows<pack, T> rows(x, first, n, step), added(residual, first, residual ? n : 0, step);
  for (int r = 0; r < rows_a_thread && first + r * step < n; ++r) {
    Pack<T, pack> result;
    for (i64 k = 0; k < pack; ++k) {
      float value = channel[k].y(load(rows.at[r].at[k]));
      if (residual) value += load(added.at[r].at[k]);
      result.at[k] = store<T>(relu && value < 0 ? 0.0F : value);
    }
    store_pack(result, y + first + r * step);
  }
}

// dy where the ReLU was on: y is computed again from x.
__device__ inline float masked(bool relu, const Channel& channel, float x, float dy) {
  return relu && !(channel.y(x) > 0) ? 0.0F : dy;
}

// partial[strip, c] = {Σ dy x̂, Σ dy} of the rows of this strip
template <class T>
__global__ void gradient_sums_of_strips(Normalization norm, const T* x, const T* dy, i64 rows,
                                        i64 channels, Strips strips, bool relu,
                                        GradientSums* partial /* (strips, channels) */) {
  auto [c, part] = column_of_part(channels);
  bool inside = c < channels;
  Channel channel[1] = {};
  if (inside) norm.get(c, channel);
  const T *top = x + c, *top_dy = dy + c;
  auto gradients = [&](i64 r) {
    float value = load(top[r * channels]);
    float d = masked(relu, channel[0], value, load(top_dy[r * channels]));
    return GradientSums{d * channel[0].normalized(value), d};
  };
  GradientSums all = combine_by_column(inside ? strip(strips, part, rows) : Interval(),
                                       GradientSums(), gradients, AddGradients());
  if (threadIdx.y == 0 && inside) partial[part * channels + c] = all;
}

// A warp a channel.
__global__ void join_strips_of_gradients(const GradientSums* partial /* (strips, channels) */,
                                         i64 strips, i64 channels,
                                         GradientSums* sums /* (channels) */, float* dgamma,
                                         float* dbeta) {
  i64 c = global_warp();
  if (c >= channels) return;
  GradientSums all = combine_by_warp(
      {0, strips}, GradientSums(), [&](i64 s) { return partial[s * channels + c]; },
      AddGradients());
  if (lane_id() != 0) return;
  sums[c] = all;
  if (dgamma) dgamma[c] = all.dgamma;
  if (dbeta) dbeta[c] = all.dbeta;
}

template <i64 pack, class T>
__global__ void input_gradient(Normalization norm, const T* x, const T* dy,
                               const GradientSums* sums /* (channels) */, i64 n, i64 channels,
                               i64 step, bool relu, float share, T* dx) {
  i64 first = global_thread() * pack;
  if (first >= step) return;
  Channel channel[pack];
  norm.get(first % channels, channel);
  Pack<GradientSums, pack> sum = {};
  if (share != 0) sum = load_pack<pack>(sums + first % channels);
  Rows<pack, T> rows(x, first, n, step), gradients(dy, first, n, step);
  for (int r = 0; r < rows_a_thread && first + r * step < n; ++r) {
    Pack<T, pack> result;
    for (i64 k = 0; k < pack; ++k) {
      float value = load(rows.at[r].at[k]);
      float d = masked(relu, channel[k], value, load(gradients.at[r].at[k]));
      result.at[k] = store<T>(input_gradient_at(channel[k], value, d, sum.at[k], share));
    }
    store_pack(result, dx + first + r * step);
  }
}

// running = (1 − momentum) running + momentum batch.  One thread a channel.
__global__ void track(i64 channels, float momentum, float correction,
                      const float* mean /* (channels) */, const float* var, float* running_mean,
                      float* running_var, i64* batches /* (1) */) {
  i64 c = global_thread();
  if (c == 0) ++*batches;
  if (c >= channels) return;
  running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean[c];
  running_var[c] = (1 - momentum) * running_var[c] + momentum * correction * var[c];
}

namespace {

i64 step(const BatchNormShape& s) {
  return (s.rows + rows_a_thread - 1) / rows_a_thread * s.channels;
}

}  // namespace

void join_gradient_sums(CudaBackend& gpu, const Strips& strips, i64 channels,
                        const GradientSums* partial, GradientSums* sums, void* dgamma,
                        void* dbeta) {
  launch<join_strips_of_gradients>(one_warp_each(channels), gpu.stream(), partial, strips.count,
                                   channels, sums, static_cast<float*>(dgamma),
                                   static_cast<float*>(dbeta));
}

}  // namespace cuda

void CudaBackend::batch_norm_statistics(Dtype dtype, i64 rows, i64 channels, const void* x,
                                        void* mean, void* var) {
  if (rows * channels == 0) return;
  cuda::Strips strips = cuda::strips_of_rows(rows, channels);
  ScratchArray<cuda::Moments> partial(*this, strips.count * channels);
  cuda::dispatch_floating("batch_norm", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::moments_of_strips<T>>(cuda::blocks_of_columns(channels, strips.count),
                                             stream(), static_cast<const T*>(x), rows, channels,
                                             strips, partial.data());
  });
  cuda::launch<cuda::join_moments>(cuda::one_warp_each(channels), stream(), partial.data(),
                                   strips.count, channels, static_cast<float*>(mean),
                                   static_cast<float*>(var));
}

void CudaBackend::batch_norm_track(Dtype dtype, i64 channels, double momentum, double correction,
                                   const void* mean, const void* var, void* running_mean,
                                   void* running_var, i64* batches) {
  check(dtype == Dtype::f32, "batch_norm_track", "on a GPU this is for f32, not for {}",
        name_of(dtype));
  cuda::launch<cuda::track>(cuda::one_thread_each(channels), stream(), channels,
                            static_cast<float>(momentum), static_cast<float>(correction),
                            static_cast<const float*>(mean), static_cast<const float*>(var),
                            static_cast<float*>(running_mean), static_cast<float*>(running_var),
                            batches);
}

void CudaBackend::batch_norm(const BatchNormShape& s, Dtype dtype, const BatchNormArrays& arrays,
                             const void* x, const void* residual, void* y) {
  i64 n = s.rows * s.channels;
  if (n == 0) return;
  cuda::Normalization norm(s, arrays);
  cuda::dispatch_floating("batch_norm", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    auto* added = static_cast<const T*>(residual);
    auto* to = static_cast<T*>(y);
    i64 step = cuda::step(s);
    cuda::dispatch_pack(norm.has_packs(s.channels, from, added, to), [&](auto pack) {
      cuda::launch<cuda::normalize<pack.value, T>>(cuda::one_thread_each(step / pack.value),
                                                   stream(), norm, from, added, n, s.channels, step,
                                                   s.relu, to);
    });
  });
}

void CudaBackend::batch_norm_backward(const BatchNormShape& s, Dtype dtype, bool batch_statistics,
                                      const BatchNormArrays& arrays, const void* x, const void* dy,
                                      const BatchNormGradients& d) {
  i64 n = s.rows * s.channels;
  if (n == 0) return;
  cuda::Normalization norm(s, arrays);
  cuda::Strips strips = cuda::strips_of_rows(s.rows, s.channels);
  ScratchArray<cuda::GradientSums> partial(*this, strips.count * s.channels);
  ScratchArray<cuda::GradientSums> sums(*this, s.channels);
  cuda::dispatch_floating("batch_norm_backward", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    auto* gradient = static_cast<const T*>(dy);
    if (batch_statistics || d.dgamma || d.dbeta) {
      cuda::launch<cuda::gradient_sums_of_strips<T>>(
          cuda::blocks_of_columns(s.channels, strips.count), stream(), norm, from, gradient, s.rows,
          s.channels, strips, s.relu, partial.data());
      cuda::join_gradient_sums(*this, strips, s.channels, partial.data(), sums.data(), d.dgamma,
                               d.dbeta);
    }
    if (d.dx) {
      float share = batch_statistics ? 1.0F / static_cast<float>(s.rows) : 0.0F;
      i64 step = cuda::step(s);
      auto* to = static_cast<T*>(d.dx);
      bool packs = norm.has_packs(s.channels, from, gradient, to);
      cuda::dispatch_pack(packs, [&](auto pack) {
        cuda::launch<cuda::input_gradient<pack.value, T>>(
            cuda::one_thread_each(step / pack.value), stream(), norm, from, gradient, sums.data(),
            n, s.channels, step, s.relu, share, to);
      });
    }
  });
}

}  // namespace melgrad
