#include <cmath>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"
#include "tensor/ops/broadcast.h"

namespace melgrad {

namespace {

Tensor unary(std::string_view op, UnaryOp kind, const Tensor& x, Takes takes, double a = 0,
             double b = 0) {
  check_operand(op, "the operand", x, takes);
  Tensor dense = x.dense();
  Tensor y = empty_like(dense);
  if (y.numel() > 0) {
    backend(y.device()).unary(kind, y.dtype(), a, b, y.numel(), dense.raw(), y.raw());
  }
  return y;
}

Tensor binary(std::string_view op, BinaryOp kind, const Tensor& a, const Tensor& b,
              Takes takes = Takes::all) {
  Operands operands = broadcast(op, a, b);
  check_operand(op, "the operand", operands.a, takes);
  Tensor y = empty_in_order(operands.shape(), operands.order, operands.a.dtype(), a.device());
  if (y.numel() > 0) {
    backend(y.device())
        .binary(kind, y.dtype(), operands.loops(), operands.a.raw(), operands.b.raw(), y.raw());
  }
  return y;
}

Tensor affine(std::string_view op, const Tensor& x, double a, double b) {
  check_operand(op, "the operand", x);
  check_number(op, a, x.dtype());
  check_number(op, b, x.dtype());
  return unary(op, UnaryOp::affine, x, Takes::all, a, b);
}

/// A number as an operand next to x.
Tensor number(std::string_view op, double value, const Tensor& x) {
  check_operand(op, "the operand", x);
  check_number(op, value, x.dtype());
  return scalar(value, x.dtype(), x.device());
}

}  // namespace

Tensor operator-(const Tensor& x) { return unary("neg", UnaryOp::neg, x, Takes::all); }

Tensor operator+(const Tensor& a, const Tensor& b) { return binary("add", BinaryOp::add, a, b); }
Tensor operator-(const Tensor& a, const Tensor& b) { return binary("sub", BinaryOp::sub, a, b); }
Tensor operator*(const Tensor& a, const Tensor& b) { return binary("mul", BinaryOp::mul, a, b); }
Tensor operator/(const Tensor& a, const Tensor& b) {
  return binary("div", BinaryOp::div, a, b, Takes::floating);
}

// A sum that ends in −0 leaves the sign of zero alone, one that ends in +0 does not.
constexpr double nothing = -0.0;

Tensor operator+(const Tensor& a, double b) { return affine("add", a, 1, b); }
Tensor operator-(const Tensor& a, double b) {
  return a.defined() && !is_floating(a.dtype()) ? a - number("sub", b, a) : affine("sub", a, 1, -b);
}
Tensor operator*(const Tensor& a, double b) { return affine("mul", a, b, nothing); }
Tensor operator/(const Tensor& a, double b) { return a / number("div", b, a); }
Tensor operator+(double a, const Tensor& b) { return b + a; }
Tensor operator-(double a, const Tensor& b) { return number("sub", a, b) - b; }
Tensor operator*(double a, const Tensor& b) { return b * a; }
Tensor operator/(double a, const Tensor& b) { return number("div", a, b) / b; }

Tensor pow(const Tensor& x, double exponent) {
  if (exponent == 2) return square(x);
  return unary("pow", UnaryOp::pow, x, Takes::floating, exponent);
}
Tensor pow(const Tensor& x, const Tensor& exponent) {
  return binary("pow", BinaryOp::pow, x, exponent, Takes::floating);
}
Tensor maximum(const Tensor& a, const Tensor& b) {
  return binary("maximum", BinaryOp::maximum, a, b);
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return binary("minimum", BinaryOp::minimum, a, b);
}

Tensor abs(const Tensor& x) { return unary("abs", UnaryOp::abs, x, Takes::all); }
Tensor sign(const Tensor& x) { return unary("sign", UnaryOp::sign, x, Takes::all); }
Tensor square(const Tensor& x) { return unary("square", UnaryOp::square, x, Takes::all); }
Tensor relu(const Tensor& x) { return unary("relu", UnaryOp::relu, x, Takes::all); }
Tensor sqrt(const Tensor& x) { return unary("sqrt", UnaryOp::sqrt, x, Takes::floating); }
Tensor rsqrt(const Tensor& x) { return unary("rsqrt", UnaryOp::rsqrt, x, Takes::floating); }
Tensor reciprocal(const Tensor& x) {
  return unary("reciprocal", UnaryOp::reciprocal, x, Takes::floating);
}
Tensor exp(const Tensor& x) { return unary("exp", UnaryOp::exp, x, Takes::floating); }
Tensor log(const Tensor& x) { return unary("log", UnaryOp::log, x, Takes::floating); }
Tensor log1p(const Tensor& x) { return unary("log1p", UnaryOp::log1p, x, Takes::floating); }
Tensor sin(const Tensor& x) { return unary("sin", UnaryOp::sin, x, Takes::floating); }
Tensor cos(const Tensor& x) { return unary("cos", UnaryOp::cos, x, Takes::floating); }
Tensor tanh(const Tensor& x) { return unary("tanh", UnaryOp::tanh, x, Takes::floating); }
Tensor sigmoid(const Tensor& x) { return unary("sigmoid", UnaryOp::sigmoid, x, Takes::floating); }
Tensor floor(const Tensor& x) { return unary("floor", UnaryOp::floor, x, Takes::floating); }
Tensor ceil(const Tensor& x) { return unary("ceil", UnaryOp::ceil, x, Takes::floating); }
Tensor round(const Tensor& x) { return unary("round", UnaryOp::round, x, Takes::floating); }
Tensor leaky_relu(const Tensor& x, double slope) {
  return unary("leaky_relu", UnaryOp::leaky_relu, x, Takes::floating, slope);
}
Tensor gelu(const Tensor& x) { return unary("gelu", UnaryOp::gelu, x, Takes::floating); }

Tensor clamp(const Tensor& x, double low, double high) {
  check_operand("clamp", "the operand", x);
  check(!std::isnan(low) && !std::isnan(high), "clamp", "a bound is NaN: low {}, high {}, {}", low,
        high, x);
  check_number("clamp", low, x.dtype());
  check_number("clamp", high, x.dtype());
  return unary("clamp", UnaryOp::clamp, x, Takes::all, low, high);
}

Tensor relu_backward(const Tensor& y, const Tensor& dy) {
  return binary("relu_backward", BinaryOp::relu_backward, y, dy, Takes::floating);
}
Tensor tanh_backward(const Tensor& y, const Tensor& dy) {
  return binary("tanh_backward", BinaryOp::tanh_backward, y, dy, Takes::floating);
}
Tensor sigmoid_backward(const Tensor& y, const Tensor& dy) {
  return binary("sigmoid_backward", BinaryOp::sigmoid_backward, y, dy, Takes::floating);
}
Tensor gelu_backward(const Tensor& x, const Tensor& dy) {
  return binary("gelu_backward", BinaryOp::gelu_backward, x, dy, Takes::floating);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_operand("where", "condition", condition);
  check(condition.dtype() == Dtype::u8, "where", "condition must be u8: {}", condition);
  check_same_device("where", {&condition, &a, &b});
  Operands operands = broadcast("where", a, b);
  Shape shape = broadcast_shape(condition.shape(), operands.shape(), "where");
  Shape order = preferred_order(operands.shape() == shape ? operands.a : condition.expand(shape));
  Tensor y = empty_in_order(shape, order, operands.a.dtype(), a.device());
  if (y.numel() == 0) return y;
  Tensor chosen = with_layout_of(condition.expand(shape), y);
  Tensor yes = with_layout_of(operands.a.expand(shape), y);
  Tensor no = with_layout_of(operands.b.expand(shape), y);
  backend(y.device())
      .where(y.dtype(), y.numel(), static_cast<const u8*>(chosen.raw()), yes.raw(), no.raw(),
             y.raw());
  return y;
}

Tensor& Tensor::add_(const Tensor& other, double alpha) {
  check_operand("add_", "the target", *this);
  check_operand("add_", "the operand", other);
  Tensor addend = alpha == 1 ? other : other * alpha;
  // Where the sum lies as this tensor does, it can be written straight into it.
  bool overlaps =
      shares_storage(addend) && !(same_layout(*this, addend) && offset_ == addend.offset_);
  Operands operands = broadcast("add_", *this, addend);
  check(operands.shape() == shape_, "add_", "the target cannot grow: {} += {}", *this, other);
  check(operands.a.dtype() == dtype_, "add_", "the target's dtype cannot change: {} += {}", *this,
        other);
  if (numel() == 0) return *this;
  if (overlaps || !is_dense()) return copy_(*this + addend);
  backend(device()).binary(BinaryOp::add, dtype_, operands.loops(), operands.a.raw(),
                           operands.b.raw(), raw());
  storage_->bump_version();
  return *this;
}

Tensor& Tensor::mul_(double factor) {
  check_operand("mul_", "the target", *this);
  check_number("mul_", factor, dtype_);
  if (numel() == 0) return *this;
  if (!is_dense()) return copy_(*this * factor);
  backend(device()).unary(UnaryOp::affine, dtype_, factor, nothing, numel(), raw(), raw());
  storage_->bump_version();
  return *this;
}

}  // namespace melgrad
