#pragma once
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/strips.h"

/// What batch norm with and without the pooling after it share (batch_norm.cu, batch_norm_pool.cu).
namespace melgrad::cuda {

/// One channel's part in y = gamma x̂ + beta,  x̂ = (x − mean) / √(var + eps).
struct Channel {
  float mean, inverse_std, scale, beta;

  __device__ float y(float x) const { return (x - mean) * scale + beta; }
  __device__ float normalized(float x) const { return (x - mean) * inverse_std; }
};

/// gamma, beta: null for 1, 0.
struct Normalization {
  const float *mean, *var, *gamma, *beta;
  float eps;

  Normalization(const BatchNormShape& s, const BatchNormArrays& arrays)
      : mean(static_cast<const float*>(arrays.mean)),
        var(static_cast<const float*>(arrays.var)),
        gamma(static_cast<const float*>(arrays.gamma)),
        beta(static_cast<const float*>(arrays.beta)),
        eps(static_cast<float>(s.eps)) {}

  /// Whether a thread can take packs of channels of these arrays.
  template <class... T>
  bool has_packs(i64 channels, const T*... arrays) const {
    return channels % 4 == 0 && is_aligned(mean, var, gamma, beta, arrays...);
  }

  /// Of the channels from c on.
  template <i64 count>
  __device__ void get(i64 c, Channel (&channels)[count]) const {
    auto means = load_pack<count>(mean + c), variances = load_pack<count>(var + c);
    Pack<float, count> gammas, betas = {};
    for (float& value : gammas.at) value = 1;
    if (gamma) gammas = load_pack<count>(gamma + c);
    if (beta) betas = load_pack<count>(beta + c);
    for (i64 k = 0; k < count; ++k) {
      float inverse_std = 1 / sqrtf(variances.at[k] + eps);
      channels[k] = {means.at[k], inverse_std, inverse_std * gammas.at[k], betas.at[k]};
    }
  }
};

struct GradientSums {
  float dgamma = 0, dbeta = 0;
};

struct AddGradients {
  __device__ GradientSums operator()(const GradientSums& a, const GradientSums& b) const {
    return {a.dgamma + b.dgamma, a.dbeta + b.dbeta};
  }
};

/// dx = scale (d − dbeta/rows − x̂ dgamma/rows), without the last two terms if share (1/rows) is 0
__device__ inline float input_gradient_at(const Channel& channel, float x, float d,
                                          const GradientSums& sum, float share) {
  if (share != 0) d -= (sum.dbeta + channel.normalized(x) * sum.dgamma) * share;
  return channel.scale * d;
}

inline Strips strips_of_rows(i64 rows, i64 channels) {
  return Strips(rows, static_cast<i64>(blocks_for(channels, columns)) * stripes, stripes);
}

/// sums, and dgamma and dbeta where they are not null, from those of the strips.
void join_gradient_sums(CudaBackend&, const Strips&, i64 channels,
                        const GradientSums* partial /* (strips, channels) */,
                        GradientSums* sums /* (channels) */, void* dgamma, void* dbeta);

}  // namespace melgrad::cuda
