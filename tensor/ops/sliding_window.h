#pragma once
#include <string_view>

#include "tensor/ops.h"

/// The arithmetic of sliding windows, shared by convolution and pooling: one axis at a time.
namespace melgrad {

struct SlidingWindowRule {
  i64 input = 0, kernel = 1, stride = 1, padding = 0, dilation = 1;
  bool ceil_mode = false;
  Padding mode = Padding::explicit_;
};
struct SlidingWindow {
  i64 output = 0, before = 0, after = 0;  // number of windows, padding at both ends
};

/// Explicit padding: ⌊(input + 2 padding − extent) / stride⌋ + 1
/// with extent = dilation (kernel − 1) + 1;
/// ceil_mode rounds up, unless the last window would start in the padding at the end: a window of 2
/// with stride 2 fits into 1.
/// Same: ⌈input / stride⌉, the padding split evenly, the odd one at the end.
/// Throws Error where no window fits.
SlidingWindow sliding_window(std::string_view op, const SlidingWindowRule& rule);

}  // namespace melgrad
