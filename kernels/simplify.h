#pragma once
#include <algorithm>
#include <array>
#include <cstdlib>

#include "kernels/shapes.h"

/// The same walk over two strided arrays with the fewest loops.
namespace melgrad {

inline i64 numel(const BroadcastShape& s) {
  i64 n = 1;
  for (int d = 0; d < s.rank; ++d) n *= s.size[d];
  return n;
}

/// Axes of size 1 fall away, and an axis joins the next where both a and b step over it as over one
/// longer axis. At least `least_rank` axes remain.
inline BroadcastShape simplify(const BroadcastShape& shape, int least_rank = 1) {
  BroadcastShape s;
  for (int d = 0; d < shape.rank; ++d) {
    if (shape.size[d] == 1) continue;
    int last = s.rank - 1;
    bool joins = last >= 0 && s.a_stride[last] == shape.a_stride[d] * shape.size[d] &&
                 s.b_stride[last] == shape.b_stride[d] * shape.size[d];
    if (!joins) s.size[last = s.rank++] = 1;
    s.size[last] *= shape.size[d];
    s.a_stride[last] = shape.a_stride[d];
    s.b_stride[last] = shape.b_stride[d];
  }
  if (s.rank == 0) s = {.rank = 1, .size = {1}, .a_stride = {1}, .b_stride = {1}};
  for (; s.rank < least_rank; ++s.rank) {
    for (Extents* of : {&s.size, &s.a_stride, &s.b_stride})
      std::shift_right(of->begin(), of->end(), 1);
    s.size[0] = 1;
    s.a_stride[0] = s.b_stride[0] = 0;
  }
  return s;
}

/// Also sorted: the target's smallest step innermost, so that writes run through memory.
inline CopyShape simplify(const CopyShape& shape) {
  std::array<int, max_rank> order{};
  for (int d = 0; d < shape.rank; ++d) order[d] = d;
  std::stable_sort(order.begin(), order.begin() + shape.rank, [&](int a, int b) {
    return std::abs(shape.target_stride[a]) > std::abs(shape.target_stride[b]);
  });
  BroadcastShape sorted{.rank = shape.rank};
  for (int i = 0; i < shape.rank; ++i) {
    sorted.size[i] = shape.size[order[i]];
    sorted.a_stride[i] = shape.source_stride[order[i]];
    sorted.b_stride[i] = shape.target_stride[order[i]];
  }
  BroadcastShape s = simplify(sorted);
  return {s.rank, s.size, s.a_stride, s.b_stride};
}

}  // namespace melgrad
