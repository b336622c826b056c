#include <cmath>
#include <numbers>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {
namespace {

// Φ(x), how much of the normal distribution lies below x, and its density φ(x)
double below(double x) { return .5 * std::erfc(-x / std::numbers::sqrt2); }
double density(double x) {
  return std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

// The sum of two that cannot be compared is NaN.
double maximum(double u, double v) { return u > v ? u : v >= u ? v : u + v; }
double minimum(double u, double v) { return u < v ? u : v <= u ? v : u + v; }

// y[i] = f(a, b), broadcast
template <class Y, class F>
void binary_each(const BroadcastShape& s, const double* a, const double* b, Y* y, F f) {
  nested_loops(s.rank, s.size, s.a_stride, s.b_stride, [&](i64 i, i64 j) { *y++ = f(a[i], b[j]); });
}

}  // namespace

// 1 / (1 + e^−x), with e^−|x|, so that nothing overflows
double sigmoid(double x) {
  double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

// y[i] = op(x[i]; a, b)
void unary(UnaryOp op, double a, double b, i64 n, const double* x, double* y) {
  auto each = [&](auto f) {
    for (i64 i = 0; i < n; ++i) y[i] = f(x[i]);
  };
  switch (op) {
    case UnaryOp::neg: return each([](double v) { return -v; });
    case UnaryOp::abs: return each([](double v) { return std::fabs(v); });
    case UnaryOp::sign: return each([](double v) { return v > 0 ? 1 : v < 0 ? -1 : v; });
    case UnaryOp::square: return each([](double v) { return v * v; });
    case UnaryOp::sqrt: return each([](double v) { return std::sqrt(v); });
    case UnaryOp::rsqrt: return each([](double v) { return 1 / std::sqrt(v); });
    case UnaryOp::reciprocal: return each([](double v) { return 1 / v; });
    case UnaryOp::exp: return each([](double v) { return std::exp(v); });
    case UnaryOp::log: return each([](double v) { return std::log(v); });
    case UnaryOp::log1p: return each([](double v) { return std::log1p(v); });
    case UnaryOp::sin: return each([](double v) { return std::sin(v); });
    case UnaryOp::cos: return each([](double v) { return std::cos(v); });
    case UnaryOp::tanh: return each([](double v) { return std::tanh(v); });
    case UnaryOp::sigmoid: return each(sigmoid);
    case UnaryOp::floor: return each([](double v) { return std::floor(v); });
    case UnaryOp::ceil: return each([](double v) { return std::ceil(v); });
    case UnaryOp::round: return each([](double v) { return std::nearbyint(v); });
    case UnaryOp::relu: return each([](double v) { return v <= 0 ? 0 : v; });
    case UnaryOp::affine: return each([=](double v) { return a * v + b; });
    case UnaryOp::clamp:
      return each([=](double v) {
        double low = v < a ? a : v;
        return low > b ? b : low;
      });
    case UnaryOp::pow: return each([=](double v) { return std::pow(v, a); });
    case UnaryOp::leaky_relu: return each([=](double v) { return v > 0 ? v : a * v; });
    case UnaryOp::gelu: return each([](double v) { return v * below(v); });
  }
}

// y = op(a, b), broadcast
void binary(BinaryOp op, const BroadcastShape& s, const double* a, const double* b, double* y) {
  auto each = [&](auto f) { binary_each(s, a, b, y, f); };
  switch (op) {
    case BinaryOp::add: return each([](double u, double v) { return u + v; });
    case BinaryOp::sub: return each([](double u, double v) { return u - v; });
    case BinaryOp::mul: return each([](double u, double v) { return u * v; });
    case BinaryOp::div: return each([](double u, double v) { return u / v; });
    case BinaryOp::pow: return each([](double u, double v) { return std::pow(u, v); });
    case BinaryOp::maximum: return each(maximum);
    case BinaryOp::minimum: return each(minimum);
    case BinaryOp::relu_backward: return each([](double u, double dv) { return u > 0 ? dv : 0; });
    case BinaryOp::tanh_backward: return each([](double u, double dv) { return dv * (1 - u * u); });
    case BinaryOp::sigmoid_backward:
      return each([](double u, double dv) { return dv * u * (1 - u); });
    case BinaryOp::gelu_backward:
      return each([](double u, double dv) { return dv * (below(u) + u * density(u)); });
  }
}

// y = a op b, broadcast
void compare(CompareOp op, const BroadcastShape& s, const double* a, const double* b, u8* y) {
  auto each = [&](auto f) { binary_each(s, a, b, y, f); };
  switch (op) {
    case CompareOp::eq: return each([](double u, double v) { return u == v; });
    case CompareOp::ne: return each([](double u, double v) { return u != v; });
    case CompareOp::lt: return each([](double u, double v) { return u < v; });
    case CompareOp::le: return each([](double u, double v) { return u <= v; });
    case CompareOp::gt: return each([](double u, double v) { return u > v; });
    case CompareOp::ge: return each([](double u, double v) { return u >= v; });
  }
}

// y[i] = condition[i] ? a[i] : b[i]
void where(i64 n, const u8* condition, const double* a, const double* b, double* y) {
  for (i64 i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : b[i];
}

}  // namespace melgrad::reference
