#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

// Binary operations broadcast; the engine undoes it.
namespace melgrad {
namespace {

// y  = a + b
// da = dy,  db = dy
struct Add final : Function {
  std::string_view name() const override { return "add"; }
  bool broadcasts() const override { return true; }
  static Tensor forward(const Tensor& a, const Tensor& b) { return a + b; }
  Gradients backward(const Gradients& dy) override { return {dy[0], dy[0]}; }
};

// y  = a − b
// da = dy,  db = −dy
struct Sub final : Function {
  std::string_view name() const override { return "sub"; }
  bool broadcasts() const override { return true; }
  static Tensor forward(const Tensor& a, const Tensor& b) { return a - b; }
  Gradients backward(const Gradients& dy) override { return {dy[0], needs(1) ? -dy[0] : Tensor()}; }
};

// y  = a b
// da = dy b,  db = dy a
struct Mul final : Function {
  Saved a, b;
  std::string_view name() const override { return "mul"; }
  bool broadcasts() const override { return true; }
  std::vector<Saved*> saved() override { return {&a, &b}; }
  Tensor forward(const Tensor& left, const Tensor& right) {
    if (needs(0)) b = right;
    if (needs(1)) a = left;
    return left * right;
  }
  Gradients backward(const Gradients& dy) override {
    return {needs(0) ? dy[0] * b : Tensor(), needs(1) ? dy[0] * a : Tensor()};
  }
};

// y  = a / b
// da = dy / b,  db = −dy a / b² = −da y
struct Div final : Function {
  Saved b, y;
  std::string_view name() const override { return "div"; }
  bool broadcasts() const override { return true; }
  std::vector<Saved*> saved() override { return {&b, &y}; }
  Tensor forward(const Tensor& left, const Tensor& right) {
    b = right;
    Tensor quotient = left / right;
    if (needs(1)) y = quotient;
    return quotient;
  }
  Gradients backward(const Gradients& dy) override {
    Tensor da = dy[0] / b;
    return {da, needs(1) ? -(da * y) : Tensor()};
  }
};

// One operand, or none, is a number c, and the other appears in the first power.
struct NumberRule {
  const char* name;
  Tensor (*y)(const Tensor& x, double c);
  Tensor (*dx)(const Tensor& dy, double c);
};
using T = const Tensor&;
// clang-format off
//                          y                                       dx
constexpr NumberRule
    x_plus_c{"add",  [](T x, double c) { return x + c; }, [](T dy, double) { return dy; }},
    x_times_c{"mul", [](T x, double c) { return x * c; }, [](T dy, double c) { return dy * c; }},
    x_over_c{"div",  [](T x, double c) { return x / c; }, [](T dy, double c) { return dy / c; }},
    c_minus_x{"sub", [](T x, double c) { return c - x; }, [](T dy, double) { return -dy; }},
    minus_x{"neg",   [](T x, double) { return -x; },      [](T dy, double) { return -dy; }};
// clang-format on

struct WithNumber final : Function {
  const NumberRule& rule;
  double c;
  WithNumber(const NumberRule& formulas, double number) : rule(formulas), c(number) {}
  std::string_view name() const override { return rule.name; }
  Tensor forward(const Tensor& x) const { return rule.y(x, c); }
  Gradients backward(const Gradients& dy) override { return {rule.dx(dy[0], c)}; }
};

// y  = a / x, a a number
// dx = −dy a / x² = −dy y / x
struct NumberDiv final : Function {
  double a;
  Saved x, y;
  explicit NumberDiv(double number) : a(number) {}
  std::string_view name() const override { return "div"; }
  std::vector<Saved*> saved() override { return {&x, &y}; }
  Tensor forward(const Tensor& input) {
    x = input;
    return y = a / input;
  }
  Gradients backward(const Gradients& dy) override { return {-(dy[0] * y / x)}; }
};

// y  = x^p
// dx = dy p x^(p − 1);  p = 0: 0 everywhere, also at x = 0
struct Pow final : Function {
  double p;
  Saved x;
  explicit Pow(double exponent) : p(exponent) {}
  std::string_view name() const override { return "pow"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return pow(x = input, p); }
  Gradients backward(const Gradients& dy) override {
    if (p == 0) return {Tensor()};
    return {dy[0] * (pow(x, p - 1) * p)};
  }
};

// y  = max(a, b)
// da = dy where a > b, dy/2 where a = b, else 0;  db: the rest.  min: with < for >
struct Extremum final : Function {
  bool largest;
  Saved a, b;
  explicit Extremum(bool maximum) : largest(maximum) {}
  std::string_view name() const override { return largest ? "maximum" : "minimum"; }
  bool broadcasts() const override { return true; }
  std::vector<Saved*> saved() override { return {&a, &b}; }
  Tensor forward(const Tensor& left, const Tensor& right) {
    a = left;
    b = right;
    return largest ? maximum(left, right) : minimum(left, right);
  }
  Gradients backward(const Gradients& dy) override {
    Tensor half = dy[0] * .5, zero = scalar(0, dy[0].dtype(), dy[0].device());
    Tensor tie = a.get() == b.get();
    Tensor a_loses = largest ? a.get() < b.get() : a.get() > b.get();
    Tensor b_loses = largest ? a.get() > b.get() : a.get() < b.get();
    auto share = [&](const Tensor& loses) { return where(tie, half, where(loses, zero, dy[0])); };
    return {needs(0) ? share(a_loses) : Tensor(), needs(1) ? share(b_loses) : Tensor()};
  }
};

// y  = |x|
// dx = dy sign(x)
struct Abs final : Function {
  Saved x;
  std::string_view name() const override { return "abs"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return abs(x = input); }
  Gradients backward(const Gradients& dy) override { return {dy[0] * sign(x)}; }
};

// y  = x²
// dx = 2 x dy
struct Square final : Function {
  Saved x;
  std::string_view name() const override { return "square"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return square(x = input); }
  Gradients backward(const Gradients& dy) override { return {x * dy[0] * 2}; }
};

// y  = √x
// dx = dy / (2 y)
struct Sqrt final : Function {
  Saved y;
  std::string_view name() const override { return "sqrt"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = sqrt(x); }
  Gradients backward(const Gradients& dy) override { return {dy[0] * .5 / y}; }
};

// y  = exp x
// dx = dy y
struct Exp final : Function {
  Saved y;
  std::string_view name() const override { return "exp"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = exp(x); }
  Gradients backward(const Gradients& dy) override { return {dy[0] * y}; }
};

// y  = log x
// dx = dy / x
struct Log final : Function {
  Saved x;
  std::string_view name() const override { return "log"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return log(x = input); }
  Gradients backward(const Gradients& dy) override { return {dy[0] / x}; }
};

// y  = log(1 + x)
// dx = dy / (1 + x)
struct Log1p final : Function {
  Saved x;
  std::string_view name() const override { return "log1p"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return log1p(x = input); }
  Gradients backward(const Gradients& dy) override { return {dy[0] / (1 + x)}; }
};

// y  = sin x
// dx = dy cos x
struct Sin final : Function {
  Saved x;
  std::string_view name() const override { return "sin"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return sin(x = input); }
  Gradients backward(const Gradients& dy) override { return {dy[0] * cos(x)}; }
};

// y  = cos x
// dx = −dy sin x
struct Cos final : Function {
  Saved x;
  std::string_view name() const override { return "cos"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return cos(x = input); }
  Gradients backward(const Gradients& dy) override { return {-(dy[0] * sin(x))}; }
};

// y_i = condition_i ? a_i : b_i
// da  = condition ? dy : 0,  db = condition ? 0 : dy
struct Where final : Function {
  Saved condition;
  explicit Where(const Tensor& mask) { condition = mask; }
  std::string_view name() const override { return "where"; }
  bool broadcasts() const override { return true; }
  std::vector<Saved*> saved() override { return {&condition}; }
  Tensor forward(const Tensor& a, const Tensor& b) const { return where(condition, a, b); }
  Gradients backward(const Gradients& dy) override {
    Tensor zero = scalar(0, dy[0].dtype(), dy[0].device());
    return {needs(0) ? where(condition, dy[0], zero) : Tensor(),
            needs(1) ? where(condition, zero, dy[0]) : Tensor()};
  }
};

/// A binary operation; under Autocast bf16 meets f32 as f32.
template <class F>
Variable binary(F function, const Variable& a, const Variable& b) {
  if (autocast_dtype() == Dtype::f32) return apply(std::move(function), a, b);
  auto [left, right] = raised_together(a, b);
  return apply(std::move(function), left, right);
}

}  // namespace

Variable operator-(const Variable& x) { return apply(WithNumber(minus_x, 0), x); }
Variable operator+(const Variable& a, const Variable& b) { return binary(Add(), a, b); }
Variable operator-(const Variable& a, const Variable& b) { return binary(Sub(), a, b); }
Variable operator*(const Variable& a, const Variable& b) { return binary(Mul(), a, b); }
Variable operator/(const Variable& a, const Variable& b) { return binary(Div(), a, b); }
Variable operator+(const Variable& a, double b) { return apply(WithNumber(x_plus_c, b), a); }
Variable operator-(const Variable& a, double b) { return apply(WithNumber(x_plus_c, -b), a); }
Variable operator*(const Variable& a, double b) { return apply(WithNumber(x_times_c, b), a); }
Variable operator/(const Variable& a, double b) { return apply(WithNumber(x_over_c, b), a); }
Variable operator+(double a, const Variable& b) { return apply(WithNumber(x_plus_c, a), b); }
Variable operator-(double a, const Variable& b) { return apply(WithNumber(c_minus_x, a), b); }
Variable operator*(double a, const Variable& b) { return apply(WithNumber(x_times_c, a), b); }
Variable operator/(double a, const Variable& b) { return apply(NumberDiv(a), b); }
Variable pow(const Variable& x, double exponent) { return apply(Pow(exponent), x); }
Variable maximum(const Variable& a, const Variable& b) { return binary(Extremum(true), a, b); }
Variable minimum(const Variable& a, const Variable& b) { return binary(Extremum(false), a, b); }
Variable abs(const Variable& x) { return apply(Abs(), x); }
Variable square(const Variable& x) { return apply(Square(), x); }
Variable sqrt(const Variable& x) { return apply(Sqrt(), x); }
Variable exp(const Variable& x) { return apply(Exp(), x); }
Variable log(const Variable& x) { return apply(Log(), x); }
Variable log1p(const Variable& x) { return apply(Log1p(), x); }
Variable sin(const Variable& x) { return apply(Sin(), x); }
Variable cos(const Variable& x) { return apply(Cos(), x); }
Variable where(const Tensor& condition, const Variable& a, const Variable& b) {
  return binary(Where(condition), a, b);
}

}  // namespace melgrad
