#include "tensor/ops/sliding_window.h"

#include <algorithm>

namespace melgrad {

SlidingWindow sliding_window(std::string_view op, const SlidingWindowRule& rule) {
  auto [input, kernel, stride, padding, dilation, ceil_mode, mode] = rule;
  check(kernel >= 1 && stride >= 1 && dilation >= 1 && padding >= 0, op,
        "kernel {}, stride {} and dilation {} must be at least 1, padding {} at least 0", kernel,
        stride, dilation, padding);
  i64 extent = dilation * (kernel - 1) + 1;
  if (mode == Padding::same) {
    check(padding == 0, op, "padding {} is given, but \"same\" finds its own", padding);
    i64 output = (input + stride - 1) / stride;
    i64 total = std::max<i64>(0, (output - 1) * stride + extent - input);
    return {output, total / 2, total - total / 2};
  }
  i64 room = input + 2 * padding - extent;
  i64 cut = ceil_mode ? stride - 1 : 0;  // how much of the last window may lie outside
  i64 output = room + cut < 0 ? 0 : (room + cut) / stride + 1;
  if (ceil_mode && (output - 1) * stride >= input + padding) --output;
  check(output >= 1, op, "a window of {} does not fit into {} with padding {}", extent, input,
        padding);
  return {output, padding, padding};
}

}  // namespace melgrad
