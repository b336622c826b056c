#pragma once
#include <string_view>

#include "tensor/tensor.h"

/// What the two-operand operations (elementwise.cpp, compare.cpp) share.
namespace melgrad {

/// Two operands of one dtype and shape on one device, expanded views of what was given, and the
/// order of axes in memory that the result takes: that of the first one that fills the shape.
struct Operands {
  Tensor a, b;
  Shape order;

  const Shape& shape() const { return a.shape(); }
  /// The loops of a kernel: axes in `order`, neighbours joined where both operands allow it.
  BroadcastShape loops() const;
};
/// Throws Error unless dtypes, devices and shapes go together.
Operands broadcast(std::string_view op, const Tensor& a, const Tensor& b);

}  // namespace melgrad
