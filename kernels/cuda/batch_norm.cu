#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"
#include "kernels/scratch_array.h"

// x (rows, channels). Sums over the rows are taken in two kernels: a block sums a strip of rows for 32 channels and
// writes a partial result; the second kernel joins the strips in order. No atomics: the same bits every time.
namespace melgrad {
namespace cuda {

constexpr unsigned channels_a_block = 32, rows_a_block = 8;
constexpr i64 most_strips = 256;

// Mean and squared deviations m2 of n values; two sets are joined as Chan, Golub & LeVeque 1979 do:
//   d = mean_b − mean_a,  mean = mean_a + d n_b/n,  m2 = m2_a + m2_b + d² n_a n_b/n
struct Moments {
  float mean = 0, m2 = 0, n = 0;
};

__device__ inline Moments join(const Moments& a, const Moments& b) {
  if (b.n == 0) return a;
  if (a.n == 0) return b;
  float n = a.n + b.n, d = b.mean - a.mean, share = b.n / n;
  return {a.mean + d * share, a.m2 + b.m2 + d * d * a.n * share, n};
}

// partial[strip, c] of the rows of this strip. Welford 1962: mean += d/n, m2 += d (x − mean).
template <class T>
__global__ void moments_of_strips(const T* x, i64 rows, i64 channels, i64 strip_rows,
                                  Moments* partial /* (strips, channels) */) {
  __shared__ Moments shared[rows_a_block][channels_a_block];
  i64 c = static_cast<i64>(blockIdx.x) * channels_a_block + threadIdx.x;
  i64 begin = blockIdx.y * strip_rows, end = begin + strip_rows < rows ? begin + strip_rows : rows;
  Moments mine;
  if (c < channels) {
    for (i64 r = begin + threadIdx.y; r < end; r += rows_a_block) {
      float value = load(x[r * channels + c]), d = value - mine.mean;
      mine.n += 1;
      mine.mean += d / mine.n;
      mine.m2 += d * (value - mine.mean);
    }
  }
  shared[threadIdx.y][threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.y != 0 || c >= channels) return;
  for (unsigned r = 1; r < rows_a_block; ++r) mine = join(mine, shared[r][threadIdx.x]);
  partial[blockIdx.y * channels + c] = mine;
}

__global__ void join_moments(const Moments* partial /* (strips, channels) */, i64 strips,
                             i64 channels, float* mean, float* var) {
  i64 c = global_thread();
  if (c >= channels) return;
  Moments all;
  for (i64 s = 0; s < strips; ++s) all = join(all, partial[s * channels + c]);
  mean[c] = all.mean;
  var[c] = all.m2 / all.n;
}

/// gamma, beta: null for 1, 0.
struct Normalization {
  const float *mean, *var, *gamma, *beta;
  float eps;

  __device__ float inverse_std(i64 c) const { return 1 / sqrtf(var[c] + eps); }
  __device__ float scale(i64 c) const { return inverse_std(c) * (gamma ? gamma[c] : 1.0F); }
  __device__ float y(float x, i64 c) const {
    return (x - mean[c]) * scale(c) + (beta ? beta[c] : 0.0F);
  }
};

template <class T>
__global__ void normalize(Normalization norm, const T* x, i64 n, i64 channels, bool relu, T* y) {
  i64 i = global_thread();
  if (i >= n) return;
  float value = norm.y(load(x[i]), i % channels);
  y[i] = store<T>(relu && value < 0 ? 0.0F : value);
}

struct GradientSums {
  float dgamma = 0, dbeta = 0;
};

// dy where the ReLU was on: y is computed again from x.
template <class T>
__device__ float masked(const Normalization& norm, bool relu, float x, T dy, i64 c) {
  return relu && !(norm.y(x, c) > 0) ? 0.0F : load(dy);
}

// partial[strip, c] = {Σ dy x̂, Σ dy} of the rows of this strip
template <class T>
__global__ void gradient_sums_of_strips(Normalization norm, const T* x, const T* dy, i64 rows,
                                        i64 channels, i64 strip_rows, bool relu,
                                        GradientSums* partial) {
  __shared__ GradientSums shared[rows_a_block][channels_a_block];
  i64 c = static_cast<i64>(blockIdx.x) * channels_a_block + threadIdx.x;
  i64 begin = blockIdx.y * strip_rows, end = begin + strip_rows < rows ? begin + strip_rows : rows;
  GradientSums mine;
  if (c < channels) {
    float inverse_std = norm.inverse_std(c);
    for (i64 r = begin + threadIdx.y; r < end; r += rows_a_block) {
      float value = load(x[r * channels + c]);
      float d = masked(norm, relu, value, dy[r * channels + c], c);
      mine.dgamma += d * (value - norm.mean[c]) * inverse_std;
      mine.dbeta += d;
    }
  }
  shared[threadIdx.y][threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.y != 0 || c >= channels) return;
  for (unsigned r = 1; r < rows_a_block; ++r) {
    mine.dgamma += shared[r][threadIdx.x].dgamma;
    mine.dbeta += shared[r][threadIdx.x].dbeta;
  }
  partial[blockIdx.y * channels + c] = mine;
}

__global__ void join_gradient_sums(const GradientSums* partial, i64 strips, i64 channels,
                                   GradientSums* sums /* (channels) */, float* dgamma,
                                   float* dbeta) {
  i64 c = global_thread();
  if (c >= channels) return;
  GradientSums all;
  for (i64 s = 0; s < strips; ++s) {
    all.dgamma += partial[s * channels + c].dgamma;
    all.dbeta += partial[s * channels + c].dbeta;
  }
  sums[c] = all;
  if (dgamma) dgamma[c] = all.dgamma;
  if (dbeta) dbeta[c] = all.dbeta;
}

// dx = scale (dy − dbeta/rows − x̂ dgamma/rows), without the last two terms if share (1/rows) is 0
template <class T>
__global__ void input_gradient(Normalization norm, const T* x, const T* dy,
                               const GradientSums* sums, i64 n, i64 channels, bool relu,
                               float share, T* dx) {
  i64 i = global_thread();
  if (i >= n) return;
  i64 c = i % channels;
  float value = load(x[i]);
  float d = masked(norm, relu, value, dy[i], c);
  if (share != 0) {
    float normalized = (value - norm.mean[c]) * norm.inverse_std(c);
    d -= (sums[c].dbeta + normalized * sums[c].dgamma) * share;
  }
  dx[i] = store<T>(norm.scale(c) * d);
}

namespace {

struct Strips {
  i64 rows_each, count;
  Grid grid;

  Strips(i64 rows, i64 channels) {
    constexpr i64 least = 64;  // rows, lest the second kernel has as much to do as the first
    rows_each = (rows + most_strips - 1) / most_strips;
    if (rows_each < least) rows_each = least;
    count = (rows + rows_each - 1) / rows_each;
    grid = {dim3(blocks_for(channels, channels_a_block), static_cast<unsigned>(count)),
            dim3(channels_a_block, rows_a_block)};
  }
};

Normalization normalization(const void* mean, const void* var, const void* gamma, const void* beta,
                            double eps) {
  return {static_cast<const float*>(mean), static_cast<const float*>(var),
          static_cast<const float*>(gamma), static_cast<const float*>(beta),
          static_cast<float>(eps)};
}

}  // namespace
}  // namespace cuda

void CudaBackend::batch_norm_statistics(Dtype dtype, i64 rows, i64 channels, const void* x,
                                        void* mean, void* var) {
  if (rows * channels == 0) return;
  cuda::Strips strips(rows, channels);
  ScratchArray<cuda::Moments> partial(*this, strips.count * channels);
  cuda::dispatch_floating("batch_norm", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::moments_of_strips<T>>(strips.grid, stream(), static_cast<const T*>(x), rows,
                                             channels, strips.rows_each, partial.data());
  });
  cuda::launch<cuda::join_moments>(cuda::one_thread_each(channels), stream(), partial.data(),
                                   strips.count, channels, static_cast<float*>(mean),
                                   static_cast<float*>(var));
}

void CudaBackend::batch_norm(Dtype dtype, i64 rows, i64 channels, double eps, bool relu,
                             const void* x, const void* mean, const void* var, const void* gamma,
                             const void* beta, void* y) {
  i64 n = rows * channels;
  if (n == 0) return;
  cuda::Normalization norm = cuda::normalization(mean, var, gamma, beta, eps);
  cuda::dispatch_floating("batch_norm", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::normalize<T>>(cuda::one_thread_each(n), stream(), norm,
                                     static_cast<const T*>(x), n, channels, relu,
                                     static_cast<T*>(y));
  });
}

void CudaBackend::batch_norm_backward(Dtype dtype, i64 rows, i64 channels, double eps, bool relu,
                                      bool batch_statistics, const void* x, const void* mean,
                                      const void* var, const void* gamma, const void* beta,
                                      const void* dy, void* dx, void* dgamma, void* dbeta) {
  i64 n = rows * channels;
  if (n == 0) return;
  cuda::Normalization norm = cuda::normalization(mean, var, gamma, beta, eps);
  cuda::Strips strips(rows, channels);
  ScratchArray<cuda::GradientSums> partial(*this, strips.count * channels);
  ScratchArray<cuda::GradientSums> sums(*this, channels);
  cuda::dispatch_floating("batch_norm_backward", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    auto* gradient = static_cast<const T*>(dy);
    if (batch_statistics || dgamma || dbeta) {
      cuda::launch<cuda::gradient_sums_of_strips<T>>(strips.grid, stream(), norm, from, gradient,
                                                     rows, channels, strips.rows_each, relu,
                                                     partial.data());
      cuda::launch<cuda::join_gradient_sums>(
          cuda::one_thread_each(channels), stream(), partial.data(), strips.count, channels,
          sums.data(), static_cast<float*>(dgamma), static_cast<float*>(dbeta));
    }
    if (dx) {
      float share = batch_statistics ? 1.0F / static_cast<float>(rows) : 0.0F;
      cuda::launch<cuda::input_gradient<T>>(cuda::one_thread_each(n), stream(), norm, from,
                                            gradient, sums.data(), n, channels, relu, share,
                                            static_cast<T*>(dx));
    }
  });
}

}  // namespace melgrad
