#pragma once
#include <algorithm>

#include "kernels/simplify.h"

/// Walking two broadcast arrays: at most two nested loops at a time, the rest here.
namespace melgrad {

/// rows × cols elements: y is dense, a and b are read with strides.
struct Tile {
  i64 rows = 1, cols = 1;
  i64 a_row = 0, a_col = 1, b_row = 0, b_col = 1;
  static Tile dense(i64 n) { return {1, n, 0, 1, 0, 1}; }
};

/// Calls f(tile, y_at, a_at, b_at), the offsets of the tile's first elements, for tiles that cover
/// elements begin … end − 1 of y in order. `s` comes from simplify(shape, 2).
template <class F>
void for_each_tile(const BroadcastShape& s, i64 begin, i64 end, F&& f) {
  int inner = s.rank - 1, middle = s.rank - 2;
  i64 cols = s.size[inner], rows = s.size[middle];
  while (begin < end) {
    i64 rest = begin / cols, col = begin % cols, row = rest % rows;
    i64 a_at = col * s.a_stride[inner] + row * s.a_stride[middle];
    i64 b_at = col * s.b_stride[inner] + row * s.b_stride[middle];
    rest /= rows;
    for (int d = middle - 1; d >= 0; --d) {
      a_at += rest % s.size[d] * s.a_stride[d];
      b_at += rest % s.size[d] * s.b_stride[d];
      rest /= s.size[d];
    }
    Tile t{1,
           std::min(cols - col, end - begin),
           s.a_stride[middle],
           s.a_stride[inner],
           s.b_stride[middle],
           s.b_stride[inner]};
    if (col == 0) t.rows = std::clamp<i64>((end - begin) / cols, 1, rows - row);
    f(t, begin, a_at, b_at);
    begin += t.rows * t.cols;
  }
}

}  // namespace melgrad
