#include "optim/saga.h"

#include <algorithm>

#include "kernels/error.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {

Saga::Saga(const LogisticRegression& problem, u64 seed)
    : problem_(problem),
      seed_(seed),
      w_(zeros(problem.shape(), Dtype::f64)),
      sum_(zeros(problem.shape(), Dtype::f64)),
      residual_(zeros({problem.rows(), problem.shape()[0]}, Dtype::f64)),
      seen_(zeros({problem.rows()}, Dtype::i64)) {
  std::vector<double> squares = sum(problem.x * problem.x, Axes{1}).to_vector<double>();
  double largest = 0;
  for (std::size_t i = 0; i < squares.size(); ++i)
    largest = std::max(largest,
                       problem.weights[static_cast<std::size_t>(problem.labels[i])] * squares[i]);
  rate_ = 1 / (2 * .25 * largest);
}

LogisticRegression::Terms Saga::visit(i64 row) {
  const i64 classes = w_.dim(0), width = w_.dim(1);
  const auto* x = problem_.x.data<double>() + row * width;
  auto* residual = residual_.data<double>() + row * classes;
  std::vector<double> before(residual, residual + classes);
  LogisticRegression::Terms terms = problem_.row(row, w_, residual);
  seen_count_ += 1 - std::exchange(seen_.data<i64>()[row], 1);
  auto s = static_cast<double>(seen_count_);
  for (i64 c = 0; c < classes; ++c) {
    double change = residual[c] - before[static_cast<std::size_t>(c)];
    auto *w = w_.data<double>() + c * width, *g = sum_.data<double>() + c * width;
    for (i64 j = 0; j < width; ++j) {
      g[j] += change * x[j];
      w[j] -= rate_ * ((1 - 1 / s) * change * x[j] + g[j] / s);
    }
  }
  return terms;
}

LogisticRegression::Terms Saga::pass() {
  LogisticRegression::Terms sum;
  Generator generator = Generator(seed_).fork(static_cast<u64>(passes_++));
  const i64 rows = problem_.rows();
  for (i64 row : randint(0, rows, {rows}, generator).to_vector<i64>()) {
    LogisticRegression::Terms terms = visit(row);
    sum.loss += terms.loss;
    sum.right += terms.right;
  }
  return sum;
}

StateDict Saga::state_dict() const {
  return {{"saga.w", w_.clone()},
          {"saga.sum", sum_.clone()},
          {"saga.residual", residual_.clone()},
          {"saga.seen", seen_.clone()},
          {"saga.passes", from_vector(std::vector<i64>{passes_, static_cast<i64>(seed_)})}};
}

void Saga::load_state_dict(const StateDict& state) {
  Saga loaded(problem_, seed_);
  auto load = [&](const char* name, Tensor& to) {
    auto found = state.find(name);
    check(found != state.end() && found->second.shape() == to.shape(), "saga",
          "the state is of another problem: '{}' is missing or not {}", name, to);
    to.copy_(found->second);
  };
  Tensor passes = zeros({2}, Dtype::i64);
  load("saga.passes", passes);
  check(passes.data<i64>()[1] == static_cast<i64>(seed_), "saga", "the state is of another seed");
  load("saga.w", loaded.w_);
  load("saga.sum", loaded.sum_);
  load("saga.residual", loaded.residual_);
  load("saga.seen", loaded.seen_);
  w_ = loaded.w_, sum_ = loaded.sum_, residual_ = loaded.residual_, seen_ = loaded.seen_;
  passes_ = passes.data<i64>()[0];
  seen_count_ = static_cast<i64>(sum(seen_).item());
}

}  // namespace melgrad
