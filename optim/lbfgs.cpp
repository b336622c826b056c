#include "optim/lbfgs.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

double dot(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

}  // namespace

Lbfgs::Lbfgs(ValueAndGradient f, const Tensor& x, const LbfgsSettings& settings)
    : f_(std::move(f)), settings_(settings), at_(look(x.clone())) {}

Lbfgs::Point Lbfgs::look(const Tensor& x) const {
  Point point{.x = x, .gradient = {}};
  point.value = f_(x, point.gradient);
  return point;
}

Lbfgs::Point Lbfgs::look(const Tensor& direction, double along) const {
  Point point = look(at_.x + direction * along);
  point.along = along;
  point.slope = dot(direction, point.gradient);
  return point;
}

// Algorithm 7.4: −H g in two loops over the pairs; H before the first is sᵀy/yᵀy (7.20).
Tensor Lbfgs::direction() const {
  Tensor q = -at_.gradient;
  std::vector<double> share(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    share[i] = dot(pairs_[i].s, q) / pairs_[i].product;
    q = q - pairs_[i].y * share[i];
  }
  if (!pairs_.empty()) q = q * (pairs_.back().product / dot(pairs_.back().y, pairs_.back().y));
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    q = q + pairs_[i].s * (share[i] - dot(pairs_[i].y, q) / pairs_[i].product);
  return q;
}

bool Lbfgs::is_low(const Point& point) const {
  return point.value <= at_.value + settings_.decrease * point.along * at_.slope;
}

bool Lbfgs::is_flat(const Point& point) const {
  return std::abs(point.slope) <= -settings_.curvature * at_.slope;
}

// Algorithm 3.5. The first step of all has no H to say how long it is.
Lbfgs::Point Lbfgs::search(const Tensor& direction) const {
  Point before = at_;
  double along = pairs_.empty() ? std::min(1., 1 / std::sqrt(dot(direction, direction))) : 1;
  for (i64 i = 1; i <= settings_.evaluations; ++i, along *= 2) {
    Point point = look(direction, along);
    i64 left = settings_.evaluations - i;
    if (!is_low(point) || (i > 1 && point.value >= before.value))
      return zoom(direction, before, point, left);
    if (is_flat(point)) return point;
    if (point.slope >= 0) return zoom(direction, point, before, left);
    before = point;
  }
  return before;
}

// Algorithm 3.6: a point that meets both conditions lies between `low`, the lowest that meets the first,
// and `high`. It is looked for where a cubic through both is lowest (3.59), but not in the outer tenths,
// and in the middle where `high` is not finite.
Lbfgs::Point Lbfgs::zoom(const Tensor& direction, Point low, Point high, i64 evaluations) const {
  for (; evaluations > 0; --evaluations) {
    double between = high.along - low.along;
    double d1 = low.slope + high.slope - 3 * (high.value - low.value) / between;
    double d2 = std::copysign(std::sqrt(d1 * d1 - low.slope * high.slope), between);
    double share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
    if (!std::isfinite(share)) share = .5;
    Point point = look(direction, low.along + std::clamp(share, .1, .9) * between);
    if (!is_low(point) || point.value >= low.value) {
      high = point;
      continue;
    }
    if (is_flat(point)) return point;
    if (point.slope * between >= 0) high = low;
    low = point;
  }
  return low;
}

bool Lbfgs::step() {
  Tensor d = direction();
  at_.along = 0;
  at_.slope = dot(d, at_.gradient);
  Point next = at_.slope < 0 ? search(d) : at_;
  if (!(next.value < at_.value)) return false;
  Pair pair{next.x - at_.x, next.gradient - at_.gradient};
  pair.product = dot(pair.s, pair.y);
  if (pair.product > 0) pairs_.push_back(pair);  // else H would not be positive
  if (static_cast<i64>(pairs_.size()) > settings_.history) pairs_.pop_front();
  at_ = next;
  return true;
}

StateDict Lbfgs::state_dict() const {
  StateDict state{{"lbfgs.x", at_.x.clone()}};
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    state[format("lbfgs.s.{}", i)] = pairs_[i].s.clone();
    state[format("lbfgs.y.{}", i)] = pairs_[i].y.clone();
  }
  return state;
}

void Lbfgs::load_state_dict(const StateDict& state) {
  auto find = [&](const std::string& name) {
    auto found = state.find("lbfgs." + name);
    check(found != state.end() && found->second.shape() == at_.x.shape(), "lbfgs",
          "the state is of another problem: '{}' is missing or not {}", name, at_.x);
    return found->second.clone();
  };
  std::deque<Pair> pairs;
  Tensor x = find("x");
  for (i64 i = 0; state.contains(format("lbfgs.s.{}", i)); ++i) {
    Pair pair{find(format("s.{}", i)), find(format("y.{}", i))};
    pair.product = dot(pair.s, pair.y);
    pairs.push_back(pair);
  }
  pairs_ = pairs;
  at_ = look(x);
}

}  // namespace melgrad
