#include "apps/harness/training/solver.h"

#include <cmath>
#include <numeric>

#include "apps/harness/console/interrupt.h"
#include "kernels/error.h"
#include "layers/models/registry.h"
#include "tests/error_of.h"
#include "tests/harness/short_training.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

/// 200 songs of three numbers whose classes overlap, so that the best weights are finite.
Examples songs() {
  SongTable table;
  table.features = {"a", "b", "c"};
  table.classes = {"x", "y", "z"};
  Generator generator(8);
  Tensor x = randn({200, 3}, generator);
  std::vector<i64> labels;
  for (i64 i = 0; i < 200; ++i) {
    labels.push_back(i % 3);
    x.select(0, i).slice(0, i % 3, i % 3 + 1).add_(scalar(.8));
  }
  table.x = x;
  table.labels = from_vector(labels);
  return Examples(table);
}

Split most() {
  Split split;
  for (i64 i = 0; i < 200; ++i) (i < 150 ? split.train : split.test).push_back(i);
  return split;
}

struct Outcome {
  Fit fit;
  Weights weights;
};

Outcome solve(const SolverSettings& settings, u64 seed = 1,
              const std::filesystem::path& checkpoint = {}, bool resume = false,
              const Split& split = most()) {
  Examples examples = songs();
  auto net = make_net("logistic", {3}, 3);
  Generator generator(seed);
  net->reset(generator);
  FittedView view(examples, {}, split.train);
  Solver solver(*net, {examples, view, split}, settings, seed);
  if (resume) solver.load(checkpoint);
  Progress progress = Progress::silent();
  Outcome outcome;
  outcome.fit = solver.run(checkpoint, progress);
  outcome.weights = weights_of(*net);
  return outcome;
}

/// The same without 40 songs of the first class.
Split few_of_the_first() {
  Split split = most();
  std::erase_if(split.train, [](i64 i) { return i % 3 == 0 && i < 120; });
  return split;
}

/// Gradient of the mean cross-entropy of the training part, by the formula, in f64; classes weighed
/// where they weigh.
double largest_gradient(const Weights& weights, const Split& split = most(),
                        const std::vector<double>& weight_of = {1, 1, 1}) {
  Examples examples = songs();
  std::vector<double> w, b;
  for (const auto& [name, values] : weights)
    (name.find("weight") != std::string::npos ? w : b).assign(values.begin(), values.end());
  std::vector<double> gradient(12, 0);
  for (i64 i : split.train) {
    std::vector<double> x = examples.gather({i}).to_vector<double>(), p;
    i64 label = examples.labels({i})[0];
    for (std::size_t c = 0; c < 3; ++c)
      p.push_back(std::exp(b[c] + std::inner_product(x.begin(), x.end(), w.begin() + 3 * c, 0.)));
    double sum = p[0] + p[1] + p[2];
    for (std::size_t c = 0; c < 3; ++c) {
      double residual = (p[c] / sum - (static_cast<i64>(c) == label ? 1 : 0)) *
                        weight_of[static_cast<std::size_t>(label)] /
                        static_cast<double>(split.train.size());
      for (std::size_t j = 0; j < 3; ++j) gradient[c * 4 + j] += residual * x[j];
      gradient[c * 4 + 3] += residual;
    }
  }
  double largest = 0;
  for (double g : gradient) largest = std::max(largest, std::abs(g));
  return largest;
}

TEST(Solver, ConvergesToWhereTheGradientIsZero) {
  Outcome outcome = solve({.iterations = 3000, .tolerance = 1e-9});
  EXPECT_EQ(outcome.fit.ended.rfind("converged, after pass ", 0), 0u) << outcome.fit.ended;
  EXPECT_LT(largest_gradient(outcome.weights), 1e-6);
  EXPECT_NEAR(outcome.fit.measured.at("largest gradient"), 0, 1e-8);
  EXPECT_GT(largest_gradient(solve({.iterations = 2, .tolerance = 0}).weights), 1e-4)
      << "the test shows nothing";
  EXPECT_GT(outcome.fit.measured.at("accuracy"), .5);
  EXPECT_EQ(outcome.fit.predictions.size(), 50u);
}

// 10, 50 and 50 of 110 songs: 110/30, 110/150 and 110/150.
TEST(Solver, BalancedClassesWeighInTheGradient) {
  SolverSettings exact{.iterations = 6000, .tolerance = 1e-9, .balanced = true};
  Split split = few_of_the_first();
  ASSERT_EQ(split.train.size(), 110u);
  const std::vector<double> balanced = {110. / 30, 110. / 150, 110. / 150};
  Outcome outcome = solve(exact, 1, {}, false, split);
  EXPECT_LT(largest_gradient(outcome.weights, split, balanced), 1e-6) << outcome.fit.ended;
  EXPECT_GT(largest_gradient(outcome.weights, split), 1e-3) << "the test shows nothing";
}

TEST(Solver, WhateverTheSeedItIsTheSamePoint) {
  SolverSettings exact{.iterations = 3000, .tolerance = 1e-9};
  Outcome a = solve(exact, 1), b = solve(exact, 2);
  // Weights are known up to a vector added to all classes, which SAGA's steps add up to zero.
  for (const auto& [name, values] : a.weights)
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(values[i], b.weights.at(name)[i], 1e-5) << name;
  EXPECT_NE(solve({.iterations = 3}, 1).weights, solve({.iterations = 3}, 2).weights);
}

TEST(Solver, LbfgsComesToTheSamePointInFewPasses) {
  Outcome saga = solve({.iterations = 3000, .tolerance = 1e-9});
  Outcome outcome = solve({.by = SolverSettings::By::lbfgs, .tolerance = 1e-6});
  EXPECT_EQ(outcome.fit.ended.rfind("converged, after pass ", 0), 0u) << outcome.fit.ended;
  EXPECT_LT(outcome.fit.history.size(), 30u);
  EXPECT_LT(largest_gradient(outcome.weights), 1e-5);
  EXPECT_NEAR(outcome.fit.measured.at("objective"), saga.fit.measured.at("objective"), 1e-10);
  EXPECT_EQ(outcome.fit.measured.at("accuracy"), saga.fit.measured.at("accuracy"));
  EXPECT_EQ(outcome.fit.history.back().train_loss, outcome.fit.measured.at("objective"));

  Outcome split = solve({.by = SolverSettings::By::lbfgs, .tolerance = 1e-6, .balanced = true}, 1,
                        {}, false, few_of_the_first());
  EXPECT_LT(
      largest_gradient(split.weights, few_of_the_first(), {110. / 30, 110. / 150, 110. / 150}),
      1e-5);
}

// Beyond what f64 tells, it says so.
TEST(Solver, LbfgsThatFindsNoLowerValueHasNotConverged) {
  Outcome outcome = solve({.by = SolverSettings::By::lbfgs, .tolerance = 0});
  EXPECT_EQ(outcome.fit.ended.rfind("no lower value is found, not converged, after pass ", 0), 0u)
      << outcome.fit.ended;
  EXPECT_LT(outcome.fit.measured.at("largest gradient"), 1e-7);
}

TEST(Solver, EndsAfterItsPasses) {
  Outcome outcome = solve({.iterations = 7, .tolerance = 0});
  EXPECT_EQ(outcome.fit.ended, format("all 7 passes, not converged; largest gradient {}",
                                      outcome.fit.measured.at("largest gradient")));
  EXPECT_GT(outcome.fit.measured.at("largest gradient"), 1e-5);
  EXPECT_EQ(outcome.fit.history.size(), 7u);
  EXPECT_LT(outcome.fit.history.back().train_loss, outcome.fit.history.front().train_loss);
}

class BySolver : public ::testing::TestWithParam<SolverSettings::By> {};
INSTANTIATE_TEST_SUITE_P(Solver, BySolver,
                         ::testing::Values(SolverSettings::By::saga, SolverSettings::By::lbfgs));

TEST_P(BySolver, ResumesToTheSameBitsAndGoesOn) {
  TemporaryFolder folder;
  std::filesystem::path checkpoint = folder.path / "solver.safetensors";
  SolverSettings nine{.by = GetParam(), .iterations = 9, .tolerance = 0}, four = nine;
  four.iterations = 4;
  Outcome straight = solve(nine);
  {
    InterruptGuard guard;
    std::raise(SIGTERM);
    EXPECT_THROW(solve(nine, 1, checkpoint), Interrupted);
  }
  Outcome resumed = solve(nine, 1, checkpoint, true);
  EXPECT_EQ(straight.weights, resumed.weights);
  EXPECT_EQ(straight.fit.measured, resumed.fit.measured);
  ASSERT_EQ(resumed.fit.history.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i)
    EXPECT_EQ(straight.fit.history[i].train_loss, resumed.fit.history[i].train_loss);

  solve(four, 1, checkpoint);
  Outcome longer = solve(nine, 1, checkpoint, true);
  EXPECT_EQ(longer.weights, straight.weights);
  EXPECT_EQ(longer.fit.history.back().train_accuracy, straight.fit.history.back().train_accuracy);
  EXPECT_THROW(solve(nine, 2, checkpoint, true), Error) << "of another seed";
  SolverSettings other = nine;
  other.by =
      GetParam() == SolverSettings::By::saga ? SolverSettings::By::lbfgs : SolverSettings::By::saga;
  EXPECT_NE(error_of([&] { solve(other, 1, checkpoint, true); }).find("no checkpoint of this fit"),
            std::string::npos);
}

TEST(Solver, TakesOneLinearLayer) {
  Examples examples = songs();
  auto net = make_net("mlp1", {3}, 3);
  Split split = most();
  FittedView view(examples, {}, split.train);
  EXPECT_NE(error_of([&] {
              Solver(*net, {examples, view, split}, {}, 1);
            }).find("one Linear layer"),
            std::string::npos);
}

}  // namespace
}  // namespace melgrad
