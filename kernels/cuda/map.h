#pragma once
#include "kernels/cuda/pack.h"
#include "kernels/simplify.h"

/// What every element-wise operation is: y[i] = f(a[i], b[i], …), f being a few numbers and a __device__ call operator. The
/// kernels wait for memory, so a thread takes four neighbours. Places in strided arrays follow from the number of an element;
/// nvcc itself divides 64-bit numbers as 32-bit ones where both fit, so there are no kernels of their own for small arrays.
namespace melgrad::cuda {

struct Places {
  i64 a = 0, b = 0;
};

/// Offsets of the operands (target and source) of element i of the row-major result.
__host__ __device__ inline Places places(const BroadcastShape& s, i64 i) {
  Places at;
  for (int d = s.rank - 1; d >= 0; --d) {
    i64 position = i % s.size[d];
    i /= s.size[d];
    at.a += position * s.a_stride[d];
    at.b += position * s.b_stride[d];
  }
  return at;
}

/// Whether an operand's values for four neighbours along the last axis lie in a pack, or are one value.
template <class T>
bool has_packs(const BroadcastShape& s, const Extents& stride, const T* x) {
  i64 along = stride[s.rank - 1];
  bool packs = along == 1 && is_aligned(x);
  for (int d = 0; d + 1 < s.rank; ++d) packs = packs && stride[d] % 4 == 0;
  return along == 0 || packs;
}

/// These values; `along` is the operand's stride along the last axis.
template <i64 count, class T>
__device__ Pack<T, count> load_along(const T* x, i64 along) {
  if (along == 1) return load_pack<count>(x);
  Pack<T, count> same;
  for (T& value : same.at) value = *x;
  return same;
}

// All is read before anything is written: y may be one of x.
template <class F, class Y, class... X>
__global__ void map_dense(F f, i64 n, Y* y /* (n) */, const X*... x) {
  i64 first = global_thread() * 4;
  if (first >= n) return;
  Pack<Y, 4> result;
  auto apply = [&](const Pack<X, 4>&... values) {
    for (i64 k = 0; k < 4; ++k) result.at[k] = f(values.at[k]...);
  };
  apply(load_four(x, first, n)...);
  store_four(result, y, first, n);
}

// The operands' places follow from the coordinates of the (first) element of y.
template <i64 pack, class F, class Y, class X>
__global__ void map_strided(F f, BroadcastShape s, i64 n, Y* y /* (n) */, const X* a, const X* b) {
  i64 first = global_thread() * pack;
  if (first >= n) return;
  Places at = places(s, first);
  auto u = load_along<pack>(a + at.a, s.a_stride[s.rank - 1]);
  auto v = load_along<pack>(b + at.b, s.b_stride[s.rank - 1]);
  Pack<Y, pack> result;
  for (i64 k = 0; k < pack; ++k) result.at[k] = f(u.at[k], v.at[k]);
  store_pack(result, y + first);
}

template <class F, class Y, class... X>
void map(Stream stream, const F& f, i64 n, Y* y, const X*... x) {
  if (n == 0) return;
  launch<map_dense<F, Y, X...>>(one_thread_each((n + 3) / 4), stream, f, n, y, x...);
}

/// As a row-major y of `shape`, over which a and b are broadcast.
template <class F, class Y, class X>
void map_broadcast(Stream stream, const F& f, const BroadcastShape& shape, Y* y, const X* a,
                   const X* b) {
  BroadcastShape s = simplify(shape);
  i64 n = numel(s);
  if (n == 0) return;
  if (s.rank == 1 && s.a_stride[0] == 1 && s.b_stride[0] == 1) return map(stream, f, n, y, a, b);
  bool packs = s.size[s.rank - 1] % 4 == 0 && is_aligned(y) && has_packs(s, s.a_stride, a) &&
               has_packs(s, s.b_stride, b);
  dispatch_pack(packs, [&](auto pack) {
    launch<map_strided<pack.value, F, Y, X>>(one_thread_each(n / pack.value), stream, f, s, n, y, a,
                                             b);
  });
}

}  // namespace melgrad::cuda
