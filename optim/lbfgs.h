#pragma once
#include <deque>
#include <functional>

#include "optim/optimizer.h"

namespace melgrad {

/// f(x) and its gradient, of which it makes a new tensor; all f64.
using ValueAndGradient = std::function<double(const Tensor& x, Tensor& gradient)>;

struct LbfgsSettings {
  i64 history = 10;        // pairs (s, y) that are remembered
  double decrease = 1e-4;  // c₁ and
  double curvature = .9;   // c₂ of the strong Wolfe conditions
  i64 evaluations = 50;    // of f, at most, in one line search
};

/// Minimises a smooth function. A step goes along d = −H g, where H, an inverse Hessian, follows from the
/// last steps s and changes of the gradient y (Nocedal & Wright 2006, algorithms 7.4 and 7.5), as far as
///
///   f(x + a d) ≤ f(x) + c₁ a dᵀg(x)   and   |dᵀg(x + a d)| ≤ c₂ |dᵀg(x)|   (3.7; algorithms 3.5, 3.6)
class Lbfgs {
 public:
  Lbfgs(ValueAndGradient f, const Tensor& x, const LbfgsSettings& settings = {});

  /// False where the line search finds no lower value: a minimum as far as f64 tells, or a gradient
  /// that is not f's. x stays.
  bool step();
  const Tensor& x() const { return at_.x; }
  const Tensor& gradient() const { return at_.gradient; }
  double value() const { return at_.value; }

  /// x and the pairs: all that the next steps depend on.
  StateDict state_dict() const;
  /// Throws Error if it is of another number of variables.
  void load_state_dict(const StateDict& state);

 private:
  struct Point {
    Tensor x, gradient;
    double value = 0, along = 0, slope = 0;  // of f; a; dᵀg
  };
  struct Pair {
    Tensor s, y;
    double product = 0;  // sᵀy
  };

  Point look(const Tensor& x) const;
  Point look(const Tensor& direction, double along) const;
  Tensor direction() const;
  bool is_low(const Point& point) const;   // the first condition
  bool is_flat(const Point& point) const;  // the second
  Point search(const Tensor& direction) const;
  Point zoom(const Tensor& direction, Point low, Point high, i64 evaluations) const;

  ValueAndGradient f_;
  LbfgsSettings settings_;
  Point at_;  // its slope is the running direction's
  std::deque<Pair> pairs_;
};

}  // namespace melgrad
