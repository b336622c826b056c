#include "audio/normalize.h"

#include <cmath>

#include "tensor/ops.h"

namespace melgrad {
namespace {

/// 1 where a divisor is 0: a constant becomes 0, not NaN.
Tensor nonzero(const Tensor& divisor) {
  return where(divisor > 0, divisor, scalar(1, divisor.dtype(), divisor.device()));
}

}  // namespace

Tensor frame_min_max(const Tensor& x) {
  check(x.rank() >= 2, "frame_min_max", "needs (…, bands, frames): {}", x);
  Tensor low = min(x, {-2}, true);
  return (x - low) / nonzero(max(x, {-2}, true) - low);
}

Tensor z_score(const Tensor& x) {
  check(x.numel() > 0, "z_score", "there are no values: {}", x);
  Tensor centred = x - mean(x);
  return centred / nonzero(sqrt(mean(square(centred))));
}

Tensor Scaling::operator()(const Tensor& x) const {
  check(mean.defined(), "scaling", "fit_scaling() has not been called");
  auto like_x = [&](const Tensor& value) { return value.to(x.dtype()).to(x.device()); };
  return (x - like_x(mean)) / like_x(std);
}

// Chan, Golub & LeVeque 1983: sums of squares about each example's own mean, merged, so that a mean
// far from 0 costs no digits.
Scaling fit_scaling(const std::vector<Tensor>& examples, bool per_band) {
  check(!examples.empty(), "fit_scaling", "there are no examples");
  double count = 0;
  Tensor mean_so_far, squares;
  for (const Tensor& example : examples) {
    check(example.rank() >= 2 && example.numel() > 0, "fit_scaling", "needs (…, bands, frames): {}",
          example);
    i64 bands = example.dim(-2), rows = per_band ? bands : 1;
    Tensor flat = example.to(Dtype::f64).transpose(-2, 0);  // bands first
    flat = flat.contiguous().reshape({rows, example.numel() / rows});
    auto n = static_cast<double>(flat.dim(1));
    Tensor own = mean(flat, {1}, true), deviation = sum(square(flat - own), {1}, true);
    if (count == 0) {
      mean_so_far = own;
      squares = deviation;
    } else {
      check(own.shape() == mean_so_far.shape(), "fit_scaling",
            "examples differ in their number of bands: {} and {}", mean_so_far.dim(0), own.dim(0));
      Tensor step = own - mean_so_far;
      squares = squares + deviation + square(step) * (count * n / (count + n));
      mean_so_far = mean_so_far + step * (n / (count + n));
    }
    count += n;
  }
  Tensor std = nonzero(sqrt(squares / count));
  if (per_band) return {mean_so_far, std};
  return {mean_so_far.reshape({}), std.reshape({})};
}

}  // namespace melgrad
