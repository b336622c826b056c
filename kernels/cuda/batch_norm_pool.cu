#include "kernels/cuda/normalization.h"
#include "kernels/cuda/pixel.h"
#include "kernels/scratch_array.h"

// Batch norm, ReLU and max-pooling over windows that tile the picture, as one: what lies between them is as large as x and
// costs passes over memory when it is written down. Here it is computed again from x wherever it is needed: x is read once
// forward and twice backward, and of its size nothing is written but dx.
namespace melgrad {
namespace cuda {

/// Of a window, by channels: the largest y, NaN if there is one, and x where it was met.
template <i64 pack>
struct Largest {
  float y[pack], x[pack] = {};

  // `at` has the window's picture and the first channel, p and q are its place among the windows.
  template <class T>
  __device__ Largest(const PoolShape& s, const Channel (&channel)[pack], const T* pictures,
                     const Pixel& at, i64 p, i64 q) {
    for (float& value : y) value = -INFINITY;
    for (i64 r = 0; r < s.kh; ++r) {
      for (i64 t = 0; t < s.kw; ++t) {
        auto values =
            load_pack<pack>(pictures + offset(at, p * s.kh + r, q * s.kw + t, s.h, s.w, s.c));
        for (i64 k = 0; k < pack; ++k) {
          float value = load(values.at[k]), result = channel[k].y(value);
          bool takes = result > y[k] || result != result;
          if (takes) y[k] = result;
          if (takes) x[k] = value;
        }
      }
    }
  }
};

// One thread a window, and a channel or a pack of them.
template <i64 pack, class T>
__global__ void normalize_and_pool(Normalization norm, PoolShape s, const T* x, T* y, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, s.p, s.q, s.c);
  Channel channel[pack];
  norm.get(at.c, channel);
  Largest<pack> largest(s, channel, x, at, at.row, at.column);
  Pack<float, pack> result;
  for (i64 k = 0; k < pack; ++k) result.at[k] = largest.y[k] < 0 ? 0.0F : largest.y[k];
  store_as(result, y + i);
}

// partial[strip, c] = {Σ g x̂, Σ g} of the windows of this strip, g being dy where the largest y passed the ReLU
template <class T>
__global__ void gradient_sums_of_windows(Normalization norm, PoolShape s, const T* x, const T* dy,
                                         i64 windows, Strips strips,
                                         GradientSums* partial /* (strips, c) */) {
  ColumnOfPart mine = column_of_part(s.c);
  i64 c = mine.column;
  bool inside = c < s.c;
  Channel channel[1] = {};
  if (inside) norm.get(c, channel);
  auto gradients = [&](i64 window) {
    i64 i = window * s.c + c;
    Pixel at = pixel(i, s.p, s.q, s.c);
    Largest<1> largest(s, channel, x, at, at.row, at.column);
    if (!(largest.y[0] > 0)) return GradientSums();
    float g = load(dy[i]);
    return GradientSums{g * channel[0].normalized(largest.x[0]), g};
  };
  GradientSums all = combine_by_column(inside ? strip(strips, mine.part, windows) : Interval(),
                                       GradientSums(), gradients, AddGradients());
  if (threadIdx.y == 0 && inside) partial[mine.part * s.c + c] = all;
}

// One thread a window, and a channel or a pack of them. Rows and columns past the last window are windows without a
// gradient: `down` × `across` are a picture's.
template <i64 pack, class T>
__global__ void input_gradient_of_windows(Normalization norm, PoolShape s, const T* x, const T* dy,
                                          const GradientSums* sums /* (c) */, i64 down, i64 across,
                                          float share, T* dx, i64 total) {
  i64 i = global_thread() * pack;
  if (i >= total) return;
  Pixel at = pixel(i, down, across, s.c);
  Channel channel[pack];
  norm.get(at.c, channel);
  Pack<GradientSums, pack> sum = {};
  if (share != 0) sum = load_pack<pack>(sums + at.c);
  float largest[pack] = {}, gradient[pack] = {};
  if (at.row < s.p && at.column < s.q) {
    Largest<pack> found(s, channel, x, at, at.row, at.column);
    auto values = load_pack<pack>(dy + offset(at, at.row, at.column, s.p, s.q, s.c));
    for (i64 k = 0; k < pack; ++k) {
      largest[k] = found.y[k];
      gradient[k] = found.y[k] > 0 ? load(values.at[k]) : 0.0F;
    }
  }
  for (i64 h = at.row * s.kh; h < (at.row + 1) * s.kh && h < s.h; ++h) {
    for (i64 w = at.column * s.kw; w < (at.column + 1) * s.kw && w < s.w; ++w) {
      i64 here = offset(at, h, w, s.h, s.w, s.c);
      auto values = load_pack<pack>(x + here);
      Pack<float, pack> result;
      for (i64 k = 0; k < pack; ++k) {
        float value = load(values.at[k]), g = 0;
        if (channel[k].y(value) == largest[k]) {  // the first such takes it
          g = gradient[k];
          gradient[k] = 0;
        }
        result.at[k] = input_gradient_at(channel[k], value, g, sum.at[k], share);
      }
      store_as(result, dx + here);
    }
  }
}

}  // namespace cuda

void CudaBackend::batch_norm_relu_max_pool(const BatchNormShape& s, const PoolShape& pool,
                                           Dtype dtype, const BatchNormArrays& arrays,
                                           const void* x, void* y) {
  i64 total = pool.n * pool.p * pool.q * pool.c;
  if (total == 0) return;
  cuda::Normalization norm(s, arrays);
  cuda::dispatch_floating("batch_norm_relu_max_pool", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    auto* to = static_cast<T*>(y);
    cuda::dispatch_pack(norm.has_packs(pool.c, from, to), [&](auto pack) {
      cuda::launch<cuda::normalize_and_pool<pack.value, T>>(
          cuda::one_thread_each(total / pack.value), stream(), norm, pool, from, to, total);
    });
  });
}

void CudaBackend::batch_norm_relu_max_pool_backward(const BatchNormShape& s, const PoolShape& pool,
                                                    Dtype dtype, bool batch_statistics,
                                                    const BatchNormArrays& arrays, const void* x,
                                                    const void* dy, const BatchNormGradients& d) {
  if (s.rows * s.channels == 0) return;
  i64 windows = pool.n * pool.p * pool.q;
  cuda::Normalization norm(s, arrays);
  cuda::Strips strips = cuda::strips_of_rows(windows, s.channels);
  ScratchArray<cuda::GradientSums> partial(*this, strips.count * s.channels);
  ScratchArray<cuda::GradientSums> sums(*this, s.channels);
  cuda::dispatch_floating("batch_norm_relu_max_pool_backward", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    auto* gradient = static_cast<const T*>(dy);
    if (batch_statistics || d.dgamma || d.dbeta) {
      cuda::launch<cuda::gradient_sums_of_windows<T>>(
          cuda::blocks_of_columns(s.channels, strips.count), stream(), norm, pool, from, gradient,
          windows, strips, partial.data());
      cuda::join_gradient_sums(*this, strips, s.channels, partial.data(), sums.data(), d.dgamma,
                               d.dbeta);
    }
    if (!d.dx) return;
    float share = batch_statistics ? 1.0F / static_cast<float>(s.rows) : 0.0F;
    i64 down = (pool.h + pool.kh - 1) / pool.kh, across = (pool.w + pool.kw - 1) / pool.kw;
    i64 total = pool.n * down * across * pool.c;
    auto* to = static_cast<T*>(d.dx);
    cuda::dispatch_pack(norm.has_packs(pool.c, from, gradient, to), [&](auto pack) {
      cuda::launch<cuda::input_gradient_of_windows<pack.value, T>>(
          cuda::one_thread_each(total / pack.value), stream(), norm, pool, from, gradient,
          sums.data(), down, across, share, to, total);
    });
  });
}

}  // namespace melgrad
