#pragma once
#include "kernels/cuda/device_code.h"

/// What sums, extremes and moments along one axis share (reduce.cu, batch_norm.cu). A long axis is cut into strips, lest
/// the sum of a whole tensor be one block's work; a second kernel joins what the strips gave. Everything is combined in an
/// order that follows from the shape: no atomics, the same bits every time, on every GPU.
namespace melgrad::cuda {

/// The axis of x (outer, length, inner) in `count` strips of `length` (the last may be shorter).
struct Strips {
  i64 count, length;

  /// `warps`: how many there would be with one strip; `along`: how many threads share a strip's length.
  Strips(i64 axis, i64 warps, i64 along) {
    constexpr i64 enough = 4096;    // warps: 31 for each of an H100's 132 multiprocessors
    constexpr i64 worthwhile = 16;  // values a thread, lest the joining be as much work
    count = enough / warps;
    if (count > axis / (along * worthwhile)) count = axis / (along * worthwhile);
    if (count < 1) count = 1;
    length = (axis + count - 1) / count;
  }
};

struct Interval {
  i64 begin = 0, end = 0;
};
__device__ inline Interval strip(const Strips& strips, i64 number, i64 axis) {
  i64 begin = number * strips.length, end = begin + strips.length;
  return {begin, end < axis ? end : axis};
}

/// op over value(j) for j = first, first + step, … before `end`; `start` changes nothing it is combined with. A value
/// comes from memory some 500 cycles after it was asked for: four are under way at once, in four chains.
template <class State, class Value, class Op>
__device__ State combine_every(i64 first, i64 end, i64 step, const State& start, const Value& value,
                               const Op& op) {
  constexpr int chains = 4;
  State part[chains] = {start, start, start, start};
  i64 j = first;
  for (; j + (chains - 1) * step < end; j += chains * step) {
    for (int k = 0; k < chains; ++k) part[k] = op(part[k], value(j + k * step));
  }
  for (; j < end; j += step) part[0] = op(part[0], value(j));
  return op(op(part[0], part[1]), op(part[2], part[3]));
}

/// op over value(j) for all j in the interval, by the lanes of a warp. Every lane gets the result.
template <class State, class Value, class Op>
__device__ State combine_by_warp(Interval interval, const State& start, const Value& value,
                                 const Op& op) {
  return warp_reduce(combine_every(interval.begin + lane_id(), interval.end, 32, start, value, op),
                     op);
}

// Where columns stand side by side, a block takes 32 of them, and its 8 rows of threads every 8th value of each: a warp
// reads 32 values side by side.
inline constexpr unsigned columns = 32, stripes = 8;

/// One block for every 32 columns of every part: `parts` is outer × strips.
inline Grid blocks_of_columns(i64 inner, i64 parts) {
  return {blocks_for(blocks_for(inner, columns) * parts, 1), dim3(columns, stripes)};
}
struct ColumnOfPart {
  i64 column, part;
};
/// Those of this thread. The last blocks reach past the last column.
__device__ inline ColumnOfPart column_of_part(i64 inner) {
  i64 blocks = (inner + columns - 1) / columns, block = blockIdx.x;
  return {block % blocks * columns + threadIdx.x, block / blocks};
}

/// op over value(j) for all j in the interval, by the 8 threads of a column; the uppermost gets the result. All threads of the
/// block must call it.
template <class State, class Value, class Op>
__device__ State combine_by_column(Interval interval, const State& start, const Value& value,
                                   const Op& op) {
  __shared__ State shared[stripes][columns];
  State mine = combine_every(interval.begin + threadIdx.y, interval.end, stripes, start, value, op);
  shared[threadIdx.y][threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.y == 0) {
    for (unsigned s = 1; s < stripes; ++s) mine = op(mine, shared[s][threadIdx.x]);
  }
  return mine;
}

}  // namespace melgrad::cuda
