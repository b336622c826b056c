#pragma once
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"

namespace melgrad::cuda {

/// The maximum m of some values x and the sum s = Σ exp(x − m): what can be merged without overflow
/// (Milakov & Gimelshein 2018, arXiv 1805.02867, algorithm 3).
struct MaxSum {
  float max = -INFINITY, sum = 0;
};

__device__ inline MaxSum merge(const MaxSum& a, const MaxSum& b) {
  if (b.sum == 0) return a;
  if (a.sum == 0) return b;
  if (a.max == -INFINITY && b.max == -INFINITY) return {a.max, a.sum + b.sum};  // no exp(−∞ + ∞)
  float max = fmaxf(a.max, b.max);
  return {max, a.sum * expf(a.max - max) + b.sum * expf(b.max - max)};
}

/// Of a row of x, by the warp: each lane merges its columns, then the lanes merge theirs.
template <class T>
__device__ MaxSum max_and_sum(const T* x /* (cols) */, i64 cols) {
  MaxSum lane;
  for (i64 j = lane_id(); j < cols; j += 32) lane = merge(lane, {load(x[j]), 1});
  return warp_reduce(lane, [](const MaxSum& a, const MaxSum& b) { return merge(a, b); });
}

}  // namespace melgrad::cuda
