#pragma once
#include <array>
#include <compare>

#include "kernels/dtype.h"

/// The sizes that kernels are called with. Strides count elements.
namespace melgrad {

inline constexpr int max_rank = 8;
using Extents = std::array<i64, max_rank>;

/// A strided copy: `rank` nested loops, the last the innermost. Strides may be negative; those of
/// the source also 0.
struct CopyShape {
  int rank = 0;
  Extents size{}, source_stride{}, target_stride{};
};

/// y dense row-major of `size`; a and b are read with strides, 0 where they are broadcast.
struct BroadcastShape {
  int rank = 0;
  Extents size{}, a_stride{}, b_stride{};
};

/// x (outer, length, inner) is reduced over its middle axis to y (outer, inner).
struct ReduceShape {
  i64 outer = 1, length = 1, inner = 1;
};

/// Indexing along the middle axis: x (outer, length, inner), y (outer, count, inner).
/// index: (outer, count, inner) for gather and scatter_add, (count) for index_select and index_add.
struct IndexShape {
  i64 outer = 1, length = 1, count = 1, inner = 1;
};

/// Resizing the middle axis: x (outer, length, inner), y (outer, count, inner). Each of the `count`
/// positions is made of `taps` neighbouring ones of x.
struct ResizeShape {
  i64 outer = 1, length = 1, count = 1, taps = 1, inner = 1;
};

/// y[b] = a[b] · w[b] with a (m,k), w (k,n), y (m,n) dense. The strides make transposes and
/// broadcasts free; in each of a and w, the row's or the column's stride is 1.
struct MatmulShape {
  i64 batch = 1, m = 0, n = 0, k = 0;
  i64 a_batch = 0, a_row = 0, a_col = 0;
  i64 b_batch = 0, b_row = 0, b_col = 0;
};

/// Sizes of a 2-d convolution in NHWC. y's height is p, its width q.
struct ConvShape {
  i64 n = 0, h = 0, w = 0, c = 0;
  i64 o = 0, kh = 0, kw = 0;
  i64 stride_h = 1, stride_w = 1;
  i64 pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  i64 dilation_h = 1, dilation_w = 1;
  i64 groups = 1;
  i64 p = 0, q = 0;
  auto operator<=>(const ConvShape&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// Sizes of a 2-d pooling in NHWC. Window (p,q) covers the kh rows from p·stride_h − pad_top and
/// the kw columns from q·stride_w − pad_left, cut off at the picture's edges.
struct PoolShape {
  i64 n = 0, h = 0, w = 0, c = 0;
  i64 kh = 0, kw = 0;
  i64 stride_h = 1, stride_w = 1;
  i64 pad_top = 0, pad_left = 0;
  i64 p = 0, q = 0;
  // Average pooling only: whether the padding counts in the divisor, and where it ends.
  bool count_padding = false;
  i64 pad_bottom = 0, pad_right = 0;
};

/// Batch norm of x (rows, channels), then max(y, 0) if relu.
struct BatchNormShape {
  i64 rows = 0, channels = 0;
  double eps = 1e-5;
  bool relu = false;
};

enum class RnnMode : u8 { rnn_tanh, rnn_relu, lstm, gru };

constexpr i64 gates(RnnMode mode) {
  return mode == RnnMode::lstm ? 4 : mode == RnnMode::gru ? 3 : 1;
}

/// One layer, one direction of a recurrent net over t steps of n sequences.
struct RnnShape {
  RnnMode mode = RnnMode::lstm;
  i64 t = 0, n = 0, input = 0, hidden = 0;
  bool reverse = false;  // from the last step to the first
  bool operator==(const RnnShape&) const = default;
};

/// Framing of `count` signals of `samples` values: frame f is the n_fft values from sample f·hop.
struct StftShape {
  i64 count = 0, samples = 0, n_fft = 0, hop = 0, frames = 0;
  constexpr i64 bins() const { return n_fft / 2 + 1; }
};

}  // namespace melgrad
