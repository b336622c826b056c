#pragma once
#include "kernels/cuda/pack.h"
#include "kernels/cuda/scalar.h"

/// Places in channels-last pictures (n, h, w, c), and values that are f32 while they are computed.
namespace melgrad::cuda {

/// The place of an element.
struct Pixel {
  i64 n, row, column, c;
};
__device__ inline Pixel pixel(i64 i, i64 h, i64 w, i64 c) {
  i64 rest = i / c;
  return {rest / (h * w), rest / w % h, rest % w, i % c};
}
/// Where the same picture and channel are in another place of (n, h, w, c).
__device__ inline i64 offset(const Pixel& at, i64 row, i64 column, i64 h, i64 w, i64 c) {
  return ((at.n * h + row) * w + column) * c + at.c;
}

template <class T, i64 pack>
__device__ void store_as(const Pack<float, pack>& values, T* y) {
  Pack<T, pack> stored;
  for (i64 k = 0; k < pack; ++k) stored.at[k] = store<T>(values.at[k]);
  store_pack(stored, y);
}

}  // namespace melgrad::cuda
