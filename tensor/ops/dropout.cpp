#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

// The mask follows the order in memory, so that order is fixed: channels-last for four axes, else
// row-major. Whatever way x and dy lie, they meet the same mask.
Tensor dropout(const Tensor& x, double p, const Tensor& state) {
  check_operand("dropout", "the operand", x, Takes::floating);
  check(p >= 0 && p <= 1, "dropout", "p must lie in [0, 1], not {}: {}", p, x);
  check_index("dropout", state);
  check(state.shape() == Shape{2} && state.is_contiguous(), "dropout",
        "state must be a generator's: {}", state);
  check_same_device("dropout", {&x, &state});
  Tensor source = x.rank() == 4 ? x.channels_last() : x.contiguous();
  Tensor y = empty_like(source);
  if (p == 1) return y.fill_(0);
  if (y.numel() > 0) {
    backend(x.device())
        .dropout(x.dtype(), p, x.numel(), static_cast<const u64*>(state.raw()), source.raw(),
                 y.raw());
  }
  return y;
}

}  // namespace melgrad
