// Logistic regression by SAGA and L-BFGS; L-BFGS on functions whose minimum is known.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "optim/lbfgs.h"
#include "optim/saga.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

/// 60 rows of two numbers and a one, whose three classes overlap and weigh differently.
LogisticRegression overlapping(u64 seed = 3, i64 rows = 60) {
  Generator generator(seed);
  LogisticRegression problem;
  problem.x = cat({randn({rows, 2}, generator).to(Dtype::f64), ones({rows, 1}, Dtype::f64)}, 1);
  for (i64 i = 0; i < rows; ++i) {
    problem.labels.push_back(i % 3);
    if (i % 3 < 2) problem.x.data<double>()[i * 3 + i % 3] += .7;
  }
  problem.weights = {1, 1.5, .5};
  return problem;
}

double loss_of(const LogisticRegression& problem, const Tensor& w) {
  Tensor gradient;
  return problem.all(w, gradient).loss / static_cast<double>(problem.rows());
}

ValueAndGradient mean_loss(const LogisticRegression& problem) {
  return [&](const Tensor& w, Tensor& gradient) {
    return problem.all(w, gradient).loss / static_cast<double>(problem.rows());
  };
}

double largest(const Tensor& x) { return max(abs(x)).item(); }

TEST(Logistic, LossAndGradientByTheFormula) {
  LogisticRegression problem = overlapping();
  Generator generator(1);
  Tensor w = randn({3, 3}, generator).to(Dtype::f64), gradient, unused;
  LogisticRegression::Terms terms = problem.all(w, gradient);
  double loss = 0;
  i64 right = 0;
  for (i64 i = 0; i < 60; ++i) {
    double z[3], sum = 0;
    for (i64 c = 0; c < 3; ++c) {
      z[c] = 0;
      for (i64 j = 0; j < 3; ++j)
        z[c] += w.data<double>()[c * 3 + j] * problem.x.data<double>()[i * 3 + j];
      sum += std::exp(z[c]);
    }
    loss -= problem.weights[static_cast<std::size_t>(i % 3)] * std::log(std::exp(z[i % 3]) / sum);
    right += z[i % 3] == std::max({z[0], z[1], z[2]}) ? 1 : 0;
  }
  EXPECT_NEAR(terms.loss, loss, 1e-12 * loss);
  EXPECT_EQ(terms.right, right);
  for (i64 k = 0; k < 9; ++k) {  // central differences
    Tensor more = w.clone(), less = w.clone();
    more.data<double>()[k] += 1e-5;
    less.data<double>()[k] -= 1e-5;
    EXPECT_NEAR(gradient.contiguous().data<double>()[k],
                (loss_of(problem, more) - loss_of(problem, less)) / 2e-5, 1e-9);
  }
  Tensor far = w * 1e4;  // exp() of these overflows
  EXPECT_TRUE(std::isfinite(problem.all(far, unused).loss));
}

TEST(Solvers, ComeToTheSamePoint) {
  LogisticRegression problem = overlapping();
  Saga saga(problem, 5);
  for (int i = 0; i < 3000; ++i) saga.pass();
  Lbfgs lbfgs(mean_loss(problem), zeros(problem.shape(), Dtype::f64));
  int steps = 0;
  while (largest(lbfgs.gradient()) > 1e-7 && lbfgs.step()) ++steps;
  EXPECT_LT(steps, 40);
  EXPECT_LT(largest(lbfgs.gradient()), 1e-7);
  Tensor gradient;
  EXPECT_NEAR(problem.all(saga.weights(), gradient).loss / 60, lbfgs.value(), 1e-12);
  EXPECT_LT(largest(gradient), 1e-8);
  EXPECT_LT(largest(saga.weights() - lbfgs.x()), 1e-5);
}

TEST(Saga, TheFirstVisitsByTheFormula) {
  LogisticRegression problem =
      overlapping(3, 1);  // every visit is of the one row: s = 1, g = Σ g_j
  Saga saga(problem, 5);
  const auto* x = problem.x.data<double>();
  double squares = x[0] * x[0] + x[1] * x[1] + 1;
  EXPECT_DOUBLE_EQ(saga.rate(), 1 / (2 * .25 * squares));
  LogisticRegression::Terms terms = saga.pass();
  EXPECT_DOUBLE_EQ(terms.loss, std::log(3.));
  for (i64 c = 0; c < 3; ++c)
    for (i64 j = 0; j < 3; ++j)
      EXPECT_NEAR(saga.weights().data<double>()[c * 3 + j],
                  -saga.rate() * (1. / 3 - (c == 0 ? 1 : 0)) * x[j], 1e-15);
}

// Rosenbrock's valley: f = Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)², least at 1.
double valley(const Tensor& x, Tensor& gradient) {
  gradient = zeros(x.shape(), Dtype::f64);
  const auto* v = x.data<double>();
  auto* g = gradient.data<double>();
  double sum = 0;
  for (i64 i = 0; i + 1 < x.numel(); ++i) {
    double a = v[i + 1] - v[i] * v[i], b = 1 - v[i];
    sum += 100 * a * a + b * b;
    g[i] += -400 * a * v[i] - 2 * b;
    g[i + 1] += 200 * a;
  }
  return sum;
}

TEST(Lbfgs, RosenbrocksValley) {
  int calls = 0, steps = 0;
  auto counted = [&](const Tensor& x, Tensor& gradient) { return ++calls, valley(x, gradient); };
  Lbfgs lbfgs(counted, from_vector(std::vector<double>(10, -1.2)));
  while (largest(lbfgs.gradient()) > 1e-8) {
    double before = lbfgs.value();
    ASSERT_TRUE(lbfgs.step()) << steps;
    ASSERT_LT(lbfgs.value(), before);
    ASSERT_LT(++steps, 100);
  }
  EXPECT_LT(largest(lbfgs.x() - 1.), 1e-7);
  EXPECT_LT(calls, 2 * steps) << "line searches take too long";
}

// Where one step of one's own length is the way to the minimum, and steps that have to be found.
TEST(Lbfgs, LineSearches) {
  for (double scale : {1e-6, 1., 1e6}) {
    auto f = [&](const Tensor& x, Tensor& gradient) {
      gradient = x * (2 * scale);
      return scale * sum(x * x).item();
    };
    Lbfgs lbfgs(f, full({4}, 3., Dtype::f64));
    int steps = 0;
    while (largest(lbfgs.gradient()) > 1e-9 * scale && lbfgs.step()) ++steps;
    EXPECT_LT(largest(lbfgs.x()), 1e-9) << scale;
    EXPECT_LE(steps, 3) << scale;
  }
  // Beyond 2 it is infinite: −log(2 − x) − x/4 has its minimum where 1/(2 − x) = 1/4, at −2.
  auto walled = [](const Tensor& x, Tensor& gradient) {
    double v = x.item();
    gradient = full({1}, 1 / (2 - v) - .25, Dtype::f64);
    return v < 2 ? -std::log(2 - v) - v / 4 : std::numeric_limits<double>::infinity();
  };
  Lbfgs lbfgs(walled, full({1}, 1.999, Dtype::f64));
  while (largest(lbfgs.gradient()) > 1e-10 && lbfgs.step()) {
  }
  EXPECT_NEAR(lbfgs.x().item(), -2, 1e-8);
}

TEST(Lbfgs, SaysWhereItCannotGoOn) {
  auto wrong = [](const Tensor& x, Tensor& gradient) {  // uphill
    gradient = x * -2.;
    return sum(x * x).item();
  };
  Lbfgs lost(wrong, full({2}, 1., Dtype::f64));
  EXPECT_FALSE(lost.step());
  EXPECT_EQ(lost.x().to_vector<double>(), (std::vector<double>{1, 1}));
  auto flat = [](const Tensor& x, Tensor& gradient) {
    gradient = x * 0.;
    return 7.;
  };
  EXPECT_FALSE(Lbfgs(flat, full({2}, 1., Dtype::f64)).step());
}

TEST(Solvers, GoOnToTheSameBits) {
  LogisticRegression problem = overlapping();
  Tensor start = zeros(problem.shape(), Dtype::f64);
  for (int stopped : {0, 1, 7, 15}) {
    Saga straight(problem, 5), resumed(problem, 5);
    Lbfgs curved(mean_loss(problem), start), again(mean_loss(problem), start);
    for (int i = 0; i < stopped; ++i) {
      straight.pass();
      curved.step();
    }
    resumed.load_state_dict(straight.state_dict());
    again.load_state_dict(curved.state_dict());
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(straight.pass().loss, resumed.pass().loss);
      EXPECT_EQ(curved.step(), again.step());
    }
    EXPECT_TRUE(equal(straight.weights(), resumed.weights())) << stopped;
    EXPECT_TRUE(equal(curved.x(), again.x())) << stopped;
    EXPECT_EQ(curved.value(), again.value());
  }
}

TEST(Solvers, RefuseAnotherProblemsState) {
  LogisticRegression problem = overlapping(), shorter = overlapping(3, 59);
  Saga saga(problem, 5), other_seed(problem, 6), other_rows(shorter, 5);
  saga.pass();
  StateDict state = saga.state_dict();
  EXPECT_TRUE(contains(error_of([&] { other_seed.load_state_dict(state); }), "of another seed"));
  std::string error = error_of([&] { other_rows.load_state_dict(state); });
  EXPECT_TRUE(contains(error, "'saga.residual' is missing or not (59, 3) f64")) << error;
  EXPECT_EQ(largest(other_rows.weights()), 0) << "it stays as it was";
  Lbfgs two(valley, zeros({2}, Dtype::f64)), three(valley, zeros({3}, Dtype::f64));
  error = error_of([&] { three.load_state_dict(two.state_dict()); });
  EXPECT_TRUE(contains(error, "'x' is missing or not (3,) f64")) << error;
  EXPECT_TRUE(contains(error_of([&] { two.load_state_dict({}); }), "'x' is missing"));
}

}  // namespace
}  // namespace melgrad
