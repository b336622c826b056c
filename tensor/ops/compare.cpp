#include <cmath>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"
#include "tensor/ops/broadcast.h"

namespace melgrad {

namespace {

Tensor compare(std::string_view op, CompareOp kind, const Tensor& a, const Tensor& b) {
  Operands operands = broadcast(op, a, b);
  Tensor y = empty_in_order(operands.shape(), operands.order, Dtype::u8, a.device());
  if (y.numel() > 0) {
    backend(y.device())
        .compare(kind, operands.a.dtype(), operands.loops(), operands.a.raw(), operands.b.raw(),
                 static_cast<u8*>(y.raw()));
  }
  return y;
}

Tensor number(std::string_view op, double value, const Tensor& x) {
  check_operand(op, "the operand", x);
  check_number(op, value, x.dtype());
  return scalar(value, x.dtype(), x.device());
}

}  // namespace

Tensor operator==(const Tensor& a, const Tensor& b) { return compare("==", CompareOp::eq, a, b); }
Tensor operator!=(const Tensor& a, const Tensor& b) { return compare("!=", CompareOp::ne, a, b); }
Tensor operator<(const Tensor& a, const Tensor& b) { return compare("<", CompareOp::lt, a, b); }
Tensor operator<=(const Tensor& a, const Tensor& b) { return compare("<=", CompareOp::le, a, b); }
Tensor operator>(const Tensor& a, const Tensor& b) { return compare(">", CompareOp::gt, a, b); }
Tensor operator>=(const Tensor& a, const Tensor& b) { return compare(">=", CompareOp::ge, a, b); }
Tensor operator>(const Tensor& a, double b) { return a > number(">", b, a); }
Tensor operator<(const Tensor& a, double b) { return a < number("<", b, a); }

// Only NaN differs from itself.
Tensor isnan(const Tensor& x) { return compare("isnan", CompareOp::ne, x, x); }

// inf − inf and NaN − NaN are NaN, everything else minus itself is 0.
Tensor isfinite(const Tensor& x) {
  Tensor difference = x - x;
  return compare("isfinite", CompareOp::eq, difference, difference);
}

bool equal(const Tensor& a, const Tensor& b) {
  check_operand("equal", "the first operand", a);
  check_operand("equal", "the second operand", b);
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return false;
  return a.numel() == 0 || max(a != b).item() == 0;
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  check_operand("allclose", "the first operand", a);
  check_operand("allclose", "the second operand", b);
  check_same_device("allclose", {&a, &b});
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return false;
  std::vector<double> left = a.to(Device::cpu()).to_vector<double>();
  std::vector<double> right = b.to(Device::cpu()).to_vector<double>();
  for (std::size_t i = 0; i < left.size(); ++i) {
    bool same = left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]));
    // An infinite bound would let any number pass for infinity.
    bool near =
        std::isfinite(right[i]) && std::abs(left[i] - right[i]) <= atol + rtol * std::abs(right[i]);
    if (!same && !near) return false;
  }
  return true;
}

}  // namespace melgrad
