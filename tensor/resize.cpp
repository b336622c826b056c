#include <algorithm>
#include <cmath>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

// Bilinear and area are linear along each axis, so y = R x Cᵀ with two small matrices of weights.

// Row i of (out, in): weight 1 − f at ⌊c⌋ and f at ⌊c⌋ + 1, with c = (i + ½) in/out − ½ held within
// the picture and f its fraction.
std::vector<double> bilinear_weights(i64 in, i64 out) {
  std::vector<double> weights(static_cast<std::size_t>(in * out));
  double scale = static_cast<double>(in) / static_cast<double>(out);
  for (i64 i = 0; i < out; ++i) {
    double centre = std::max(0.0, (static_cast<double>(i) + .5) * scale - .5);
    i64 left = std::min(static_cast<i64>(centre), in - 1), right = std::min(left + 1, in - 1);
    double fraction = centre - static_cast<double>(left);
    weights[static_cast<std::size_t>(i * in + left)] += 1 - fraction;
    weights[static_cast<std::size_t>(i * in + right)] += fraction;
  }
  return weights;
}

// Row i of (out, in): how much of [i in/out, (i + 1) in/out) each source pixel covers.
std::vector<double> area_weights(i64 in, i64 out) {
  std::vector<double> weights(static_cast<std::size_t>(in * out));
  double scale = static_cast<double>(in) / static_cast<double>(out);
  for (i64 i = 0; i < out; ++i) {
    double begin = static_cast<double>(i) * scale, end = static_cast<double>(i + 1) * scale;
    i64 last = std::min(in, static_cast<i64>(std::ceil(end)));
    for (i64 j = static_cast<i64>(begin); j < last; ++j) {
      double overlap =
          std::min(end, static_cast<double>(j + 1)) - std::max(begin, static_cast<double>(j));
      weights[static_cast<std::size_t>(i * in + j)] = std::max(0.0, overlap) / scale;
    }
  }
  return weights;
}

Tensor weights_for(const Tensor& x, Resize how, i64 in, i64 out) {
  auto weights = how == Resize::area ? area_weights(in, out) : bilinear_weights(in, out);
  return from_vector(weights, {out, in}).to(x.dtype()).to(x.device());
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
  Tensor rows = weights_for(x, how, h, size.h), cols = weights_for(x, how, w, size.w);
  Tensor y = matmul(matmul(rows, x.contiguous()), cols.transpose(0, 1));
  return x.is_channels_last() && !x.is_contiguous() ? y.channels_last() : y;
}

}  // namespace melgrad
