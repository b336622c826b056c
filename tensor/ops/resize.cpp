#include <algorithm>
#include <cmath>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

// Bilinear and area, along one axis: pixel i of the result is the sum of the source pixels from
// first[i] on, times weights[i,t]. All windows have the length of the longest.
struct Windows {
  i64 taps;
  std::vector<i64> first;       // (out)
  std::vector<double> weights;  // (out, taps)
};

// weight(i, j) is that of source pixel j in pixel i. At the far edge windows are moved back into the
// picture.
template <class First, class Weight>
Windows windows(i64 in, i64 out, i64 taps, First first, Weight weight) {
  Windows w{.taps = std::min(taps, in), .first = {}, .weights = {}};
  for (i64 i = 0; i < out; ++i) {
    i64 begin = std::min(first(i), in - w.taps);
    w.first.push_back(begin);
    for (i64 j = begin; j < begin + w.taps; ++j) w.weights.push_back(weight(i, j));
  }
  return w;
}

// 1 − |c − j| for the two pixels around c = (i + ½) in/out − ½, held within the picture.
Windows bilinear_windows(i64 in, i64 out) {
  auto centre = [=, last = static_cast<double>(in - 1)](i64 i) {
    double scale = static_cast<double>(in) / static_cast<double>(out);
    return std::clamp((static_cast<double>(i) + .5) * scale - .5, 0., last);
  };
  return windows(
      in, out, 2, [=](i64 i) { return static_cast<i64>(centre(i)); },
      [=](i64 i, i64 j) { return 1 - std::abs(centre(i) - static_cast<double>(j)); });
}

// How much of pixel i is covered by source pixel j. Counted in parts of which a source pixel has
// `out` and a pixel of the result `in`, that is exact.
Windows area_windows(i64 in, i64 out) {
  auto first = [=](i64 i) { return i * in / out; };
  i64 taps = 1;
  for (i64 i = 0; i < out; ++i) taps = std::max(taps, ((i + 1) * in - 1) / out + 1 - first(i));
  return windows(in, out, taps, first, [=](i64 i, i64 j) {
    i64 overlap = std::min((i + 1) * in, (j + 1) * out) - std::max(i * in, j * out);
    return static_cast<double>(std::max<i64>(0, overlap)) / static_cast<double>(in);
  });
}

// x is dense; the result's axes lie in memory in the same order.
Tensor resize_axis(const Tensor& x, int axis, i64 out, Resize how) {
  i64 in = x.dim(axis);
  Windows w = how == Resize::area ? area_windows(in, out) : bilinear_windows(in, out);
  Tensor first = from_vector(w.first).to(x.device());
  Tensor weights = from_vector(w.weights).to(compute_dtype(x.dtype())).to(x.device());
  Shape shape = x.shape();
  shape[axis] = out;
  Tensor y = empty_in_order(shape, preferred_order(x), x.dtype(), x.device());
  auto [outer, length, inner] = around_axis(x, axis);
  backend(x.device())
      .resize_axis(x.dtype(), {outer, length, out, w.taps, inner}, x.raw(),
                   static_cast<const i64*>(first.raw()), weights.raw(), y.raw());
  return y;
}

Tensor nearest_index(const Tensor& x, i64 in, i64 out) {
  std::vector<i64> index;
  for (i64 i = 0; i < out; ++i) index.push_back(i * in / out);
  return from_vector(index).to(x.device());
}

}  // namespace

Tensor resize(const Tensor& x, Pair size, Resize how) {
  check_operand("resize", "the picture", x, Takes::floating);
  check(x.rank() >= 2 && x.dim(-2) >= 1 && x.dim(-1) >= 1, "resize", "takes (…, H, W): {}", x);
  check(size.h >= 1 && size.w >= 1, "resize", "size must be at least 1, not ({}, {}): {}", size.h,
        size.w, x);
  i64 h = x.dim(-2), w = x.dim(-1);
  if (how == Resize::nearest) {
    Tensor rows = index_select(x, -2, nearest_index(x, h, size.h));
    return index_select(rows, -1, nearest_index(x, w, size.w));
  }
  return resize_axis(resize_axis(x.dense(), x.rank() - 2, size.h, how), x.rank() - 1, size.w, how);
}

}  // namespace melgrad
