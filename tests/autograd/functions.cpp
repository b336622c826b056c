#include <gtest/gtest.h>

#include <cmath>

#include "autograd/function.h"
#include "autograd/functions.h"
#include "autograd/tools/gradcheck.h"
#include "tests/autograd/expect_error.h"

// What the table of operations (tests/op_cases.h) does not reach: kinks and ties, single gradients
// out of several, absent operands and gradients, operands of unusual rank.
namespace melgrad {
namespace {

using Inputs = std::vector<Variable>;
using Values = std::vector<double>;

Variable constant(const Shape& shape, u64 seed, double low = -1, double high = 1) {
  Generator generator(seed);
  return rand(shape, generator, low, high, Dtype::f64);
}
Variable uniform(const Shape& shape, u64 seed = 1, double low = -1, double high = 1) {
  Variable x = constant(shape, seed, low, high);
  x.set_requires_grad(true);
  return x;
}

/// gradcheck with all inputs wanted, then with each alone: the others' gradients are not computed.
template <class F>
void expect_gradients(F f, const Inputs& operands) {
  Inputs inputs;
  for (const Variable& x : operands)
    inputs.push_back(x.defined() ? Variable(x.data(), true) : Variable());
  auto wrapped = [&](const Inputs& in) {
    auto y = f(in);
    if constexpr (std::same_as<decltype(y), Variable>) {
      return Inputs{y};
    } else {
      return y;
    }
  };
  auto expect_pass = [&](const std::string& which) {
    GradcheckResult result = gradcheck(wrapped, inputs);
    EXPECT_TRUE(result.passed) << which << ": " << result.message << ", off by " << result.worst;
  };
  expect_pass("all");
  for (Variable& wanted : inputs) {
    if (!wanted.defined()) continue;
    for (Variable& x : inputs)
      if (x.defined()) x.set_requires_grad(x.same_as(wanted));
    expect_pass("one alone");
  }
}

/// The gradient of Σ f(x) at x.
template <class F>
Values gradient_at(F f, const Values& at) {
  Variable x(from_vector(at), true);
  sum(f(x)).backward();
  return x.grad().to_vector<double>();
}

TEST(Kinks, AsDocumented) {
  EXPECT_EQ(gradient_at([](auto& x) { return relu(x); }, {-1, 0, 1}), (Values{0, 0, 1}));
  EXPECT_EQ(gradient_at([](auto& x) { return abs(x); }, {-1, 0, 1}), (Values{-1, 0, 1}));
  EXPECT_EQ(gradient_at([](auto& x) { return leaky_relu(x, .1); }, {-1, 0, 1}),
            (Values{.1, .1, 1}));
  EXPECT_EQ(gradient_at([](auto& x) { return clamp(x, -1, 1); }, {-2, -1, 0, 1, 2}),
            (Values{0, 1, 1, 1, 0}));
  EXPECT_EQ(gradient_at([](auto& x) { return pow(x * 1, 0) + x; }, {0, 2}), (Values{1, 1}));
  EXPECT_EQ(gradient_at([](auto& x) { return pow(x, 1); }, {0}), (Values{1}));
}

TEST(Kinks, ATieOfMaximumGivesHalfToEach) {
  Variable a(from_vector(Values{1, 2, 3}), true), b(from_vector(Values{2, 2, 2}), true);
  sum(maximum(a, b) + minimum(a, b) * 3).backward();
  EXPECT_EQ(a.grad().to_vector<double>(), (Values{3, 2, 1}));
  EXPECT_EQ(b.grad().to_vector<double>(), (Values{1, 2, 3}));
}

TEST(Kinks, ATieAlongAnAxisGoesToTheFirst) {
  EXPECT_EQ(gradient_at([](auto& x) { return max(x, 0); }, {1, 3, 3, 2}), (Values{0, 1, 0, 0}));
  EXPECT_EQ(gradient_at([](auto& x) { return min(x, 0); }, {1, 3, 1, 2}), (Values{1, 0, 0, 0}));
}

TEST(Elementwise, OneGradientAlone) {
  Inputs two = {uniform({2, 3}), uniform({3}, 2, .5, 2)};
  expect_gradients([](auto& in) { return in[0] + in[1]; }, two);
  expect_gradients([](auto& in) { return in[0] - in[1]; }, two);
  expect_gradients([](auto& in) { return in[0] * in[1]; }, two);
  expect_gradients([](auto& in) { return in[0] / in[1]; }, two);
  expect_gradients([](auto& in) { return maximum(in[0], in[1]); }, two);
  expect_gradients([](auto& in) { return minimum(in[0], in[1]); }, two);
  Tensor mask = constant({2, 3}, 7).data() > 0;
  expect_gradients([&](auto& in) { return where(mask, in[0], in[1]); }, two);
}

TEST(Elementwise, Numbers) {
  Inputs x = {uniform({2, 3}, 1, .5, 2)};
  expect_gradients([](auto& in) { return 2 - (in[0] + 3) * 4 / 5 - 1; }, x);
  expect_gradients([](auto& in) { return 2 / in[0] - (-in[0]); }, x);
  expect_gradients([](auto& in) { return pow(in[0], 2.5) + pow(in[0], -1); }, x);
}

TEST(Shapes, MovesAndTheirWaysBack) {
  Inputs x = {uniform({2, 3, 4})};
  expect_gradients([](auto& in) { return square(permute(in[0], {2, 0, 1})); }, x);
  expect_gradients([](auto& in) { return square(permute(in[0], {-1, 0, 1})); }, x);
  expect_gradients([](auto& in) { return square(transpose(in[0], 0, -1)); }, x);
  expect_gradients([](auto& in) { return square(slice(in[0], 2, -3, 4, 2)); }, x);
  expect_gradients([](auto& in) { return square(select(in[0], -2, 1)); }, x);
  expect_gradients([](auto& in) { return square(flip(in[0], 1)); }, x);
  expect_gradients([](auto& in) { return square(reshape(transpose(in[0], 0, 1), {-1, 2})); }, x);
  expect_gradients([](auto& in) { return square(flatten(in[0], 1)); }, x);
  expect_gradients([](auto& in) { return square(pad(in[0], {1, 0, -1}, {0, 2, 1}, 5)); }, x);
  expect_gradients([](auto& in) { return square(expand(in[0], {5, 2, 3, 4})); }, x);
}

TEST(Shapes, PartsOfASplitWithoutGradient) {
  Inputs x = {uniform({2, 5})};
  expect_gradients([](auto& in) { return square(split(in[0], 2, 1)[1]); }, x);
  expect_gradients([](auto& in) { return split(in[0], 2, -1); }, x);
}

TEST(Shapes, OneOfSeveralJoined) {
  Inputs parts = {uniform({2, 1}), uniform({2, 3}, 2), uniform({2, 2}, 3)};
  expect_gradients([](auto& in) { return square(cat(in, -1)); }, parts);
  expect_gradients([](auto& in) { return square(stack({in[0], in[0] * 2}, 1)); }, {parts[0]});
}

TEST(Reductions, AxesAndKeptDimensions) {
  Inputs x = {uniform({2, 3, 4})};
  expect_gradients([](auto& in) { return square(sum(in[0], {0, -1})); }, x);
  expect_gradients([](auto& in) { return square(mean(in[0], {1}, true)); }, x);
  expect_gradients([](auto& in) { return square(mean(in[0])); }, x);
  expect_gradients([](auto& in) { return square(max(in[0], 1)); }, x);
  expect_gradients([](auto& in) { return square(min(in[0], -1, true)); }, x);
  expect_gradients([](auto& in) { return square(var(in[0], {0, 2})); }, x);
  expect_gradients([](auto& in) { return square(var(in[0], {1}, 0, true)); }, x);
  expect_gradients([](auto& in) { return square(logsumexp(in[0], 1)); }, x);
  expect_gradients([](auto& in) { return square(logsumexp(in[0], -1, true)); }, x);
  expect_gradients([](auto& in) { return sum(in[0]); }, {uniform({})});
}

TEST(Reductions, LogsumexpOfLargeValuesIsFinite) {
  for (double g : gradient_at([](auto& x) { return logsumexp(x); }, {1000, 1000}))
    EXPECT_NEAR(g, .5, 1e-13);  // 1000 + log 2 has 13 digits after the point
}

TEST(MatmulGradients, OperandsOfEveryRank) {
  auto product = [](auto& in) { return matmul(in[0], in[1]); };
  std::vector<std::pair<Shape, Shape>> shapes = {{{3}, {3}},
                                                 {{2, 3}, {3}},
                                                 {{3}, {3, 4}},
                                                 {{2, 3}, {3, 4}},
                                                 {{5, 2, 3}, {3, 4}},
                                                 {{5, 2, 3}, {3}},
                                                 {{3}, {5, 3, 4}},
                                                 {{2, 3}, {5, 3, 4}},
                                                 {{5, 2, 3}, {5, 3, 4}},
                                                 {{5, 1, 2, 3}, {1, 6, 3, 4}}};
  for (const auto& [a, b] : shapes) {
    SCOPED_TRACE(to_string(a) + " " + to_string(b));
    expect_gradients(product, {uniform(a), uniform(b, 2)});
  }
}

TEST(LinearGradients, RowsOfEveryRankWithAndWithoutBias) {
  auto layer = [](auto& in) { return linear(in[0], in[1], in[2]); };
  for (const Shape& x : {Shape{3}, Shape{2, 3}, Shape{2, 5, 3}}) {
    SCOPED_TRACE(to_string(x));
    expect_gradients(layer, {uniform(x), uniform({4, 3}, 2), uniform({4}, 3)});
    expect_gradients(layer, {uniform(x), uniform({4, 3}, 2), Variable()});
  }
}

TEST(ConvGradients, EachAlone) {
  Conv2dOptions options = {.stride = {1, 2}, .padding = 1, .dilation = {2, 1}, .groups = 2};
  auto layer = [&](auto& in) { return conv2d(in[0], in[1], in[2], options); };
  Variable x = uniform({2, 4, 6, 5}), weight = uniform({6, 2, 3, 2}, 2);
  expect_gradients(layer, {x, weight, uniform({6}, 3)});
  expect_gradients(layer, {x, weight, Variable()});
}

TEST(BatchNormGradients, WithStatisticsOfTheBatchAndFixedOnes) {
  Statistics fixed = {constant({3}, 5).data(), constant({3}, 6, .5, 2).data()};
  for (const Shape& shape : {Shape{5, 3}, Shape{2, 3, 2, 4}})
    for (bool with_relu : {false, true}) {
      SCOPED_TRACE(to_string(shape) + (with_relu ? " with relu" : ""));
      Inputs in = {uniform(shape), uniform({3}, 2, .5, 2), uniform({3}, 3)};
      auto training = [&](auto& v) { return batch_norm(v[0], v[1], v[2], {.relu = with_relu}); };
      auto evaluation = [&](auto& v) {
        return batch_norm(v[0], fixed, v[1], v[2], {.relu = with_relu});
      };
      expect_gradients(training, in);
      expect_gradients(evaluation, in);
      expect_gradients(training, {in[0], Variable(), Variable()});
      expect_gradients(evaluation, {in[0], Variable(), Variable()});
    }
}

TEST(BatchNormGradients, OfAResidual) {
  Statistics fixed = {constant({3}, 5).data(), constant({3}, 6, .5, 2).data()};
  for (bool with_relu : {false, true}) {
    SCOPED_TRACE(with_relu);
    Inputs in = {uniform({2, 3, 2, 4}), uniform({3}, 2, .5, 2), uniform({3}, 3),
                 uniform({2, 3, 2, 4}, 7)};
    BatchNormOptions options = {.relu = with_relu};
    auto training = [&](auto& v) { return batch_norm(v[0], v[1], v[2], options, nullptr, v[3]); };
    auto evaluation = [&](auto& v) { return batch_norm(v[0], fixed, v[1], v[2], options, v[3]); };
    for (const Inputs& operands : {in, Inputs{in[0], Variable(), Variable(), in[3]}}) {
      expect_gradients(training, operands);
      expect_gradients(evaluation, operands);
    }
  }
}

TEST(BatchNormGradients, FusedReluEqualsReluAfterwards) {
  Variable gamma = uniform({3}, 2, .5, 2), beta = uniform({3}, 3);
  Variable fused = uniform({4, 3, 2, 2}), composed(fused.data().clone(), true);
  Statistics statistics;
  sum(square(batch_norm(fused, gamma, beta, {.relu = true}, &statistics))).backward();
  sum(square(relu(batch_norm(composed, gamma, beta)))).backward();
  EXPECT_TRUE(allclose(fused.grad(), composed.grad(), 1e-13, 1e-13));
  EXPECT_TRUE(allclose(statistics.mean, mean(fused.data(), {0, 2, 3}), 1e-13, 1e-13));
}

TEST(DropoutGradients, TheMaskOfForward) {
  auto layer = [](auto& in) {
    Generator generator(3);
    return dropout(in[0], .4, generator);
  };
  expect_gradients(layer, {uniform({5, 7})});
}

TEST(DropoutGradients, TheMaskFollowsTheOrderInMemory) {
  Generator generator(3);
  Variable x(ones({2, 3, 4, 5}, Dtype::f64).channels_last(), true);
  Variable y = dropout(x, .5, generator);
  y.backward(ones({2, 3, 4, 5}, Dtype::f64));  // row-major, unlike y
  EXPECT_TRUE(equal(x.grad(), y.data()));
}

TEST(DropoutGradients, ProbabilityZeroDrawsNothing) {
  Generator generator(3);
  Variable x = uniform({4});
  EXPECT_TRUE(dropout(x, 0, generator).same_as(x));
  EXPECT_EQ(generator.offset(), 0U);
  EXPECT_EQ(max(abs(dropout(x, 1, generator).data())).item(), 0);
  EXPECT_ERROR(dropout(x, 1.5, generator), "[dropout] the probability is 1.5");
}

TEST(StftGradients, SignalAndWindow) {
  auto spectrum = [](auto& in) { return stft(in[0], in[1], 3); };
  expect_gradients(spectrum, {uniform({2, 19}), uniform({8}, 2)});
  auto overlapping_by_more = [](auto& in) { return stft(in[0], in[1], 10); };
  expect_gradients(overlapping_by_more, {uniform({2, 29}), uniform({8}, 2)});
}

// --- recurrent layers

struct RnnCase {
  RnnMode mode;
  bool reverse;
};

class RnnGradients : public ::testing::TestWithParam<RnnCase> {
 protected:
  static constexpr i64 t = 3, n = 2, input = 4, hidden = 3;
  bool has_cell() const { return GetParam().mode == RnnMode::lstm; }
  Inputs inputs() const {
    i64 g = gates(GetParam().mode) * hidden;
    return {uniform({t, n, input}),
            uniform({n, hidden}, 2),
            has_cell() ? uniform({n, hidden}, 3) : Variable(),
            uniform({g, input}, 4),
            uniform({g, hidden}, 5),
            uniform({g}, 6),
            uniform({g}, 7)};
  }
  static RnnOutput run(const Inputs& in) {
    return rnn(GetParam().mode, in[0], in[1], in[2], {in[3], in[4], in[5], in[6]},
               GetParam().reverse);
  }
};

TEST_P(RnnGradients, OfAllOutputs) {
  auto all = [](auto& in) {
    RnnOutput out = run(in);
    return Inputs{out.y, out.hn, out.cn};
  };
  expect_gradients(all, inputs());
}

TEST_P(RnnGradients, OfEachOutputAlone) {
  expect_gradients([](auto& in) { return run(in).y; }, inputs());
  expect_gradients([](auto& in) { return run(in).hn; }, inputs());
  if (has_cell()) expect_gradients([](auto& in) { return run(in).cn; }, inputs());
}

TEST_P(RnnGradients, WithoutInitialStateAndBiases) {
  Inputs in = inputs();
  in[1] = in[2] = in[5] = in[6] = {};
  expect_gradients([](auto& v) { return run(v).y; }, in);
}

std::string name_of_case(const ::testing::TestParamInfo<RnnCase>& info) {
  const char* names[] = {"tanh", "relu", "lstm", "gru"};
  return std::string(names[static_cast<int>(info.param.mode)]) +
         (info.param.reverse ? "_reverse" : "");
}
INSTANTIATE_TEST_SUITE_P(
    Modes, RnnGradients,
    ::testing::Values(RnnCase{RnnMode::rnn_tanh, false}, RnnCase{RnnMode::rnn_relu, true},
                      RnnCase{RnnMode::lstm, false}, RnnCase{RnnMode::lstm, true},
                      RnnCase{RnnMode::gru, false}, RnnCase{RnnMode::gru, true}),
    name_of_case);

// --- losses

Tensor classes(std::vector<i64> values) { return from_vector(values); }

TEST(Losses, CrossEntropyEqualsItsComposition) {
  Variable x = uniform({4, 3}, 1, -3, 3);
  Tensor target = classes({2, 0, 1, 1});
  Tensor expected = -mean(gather(log_softmax(x.data()), 1, target.unsqueeze(1)));
  EXPECT_NEAR(cross_entropy(x, target).item(), expected.item(), 1e-14);
  EXPECT_NEAR(nll_loss(log_softmax(x), target).item(), expected.item(), 1e-14);
  // Smoothing s is a soft target (1 − s)·one-hot + s/C.
  Tensor soft = one_hot(target, 3, Dtype::f64) * .9 + .1 / 3;
  EXPECT_NEAR(cross_entropy(x, target, .1).item(), cross_entropy_soft(x, soft).item(), 1e-14);
}

TEST(Losses, Gradients) {
  Tensor target = classes({2, 0, 1, 1});
  Tensor soft = constant({4, 3}, 9, 0, 1).data();  // rows need not sum to 1
  Inputs x = {uniform({4, 3}, 1, -3, 3)};
  expect_gradients([&](auto& in) { return cross_entropy(in[0], target) * 5; }, x);
  expect_gradients([&](auto& in) { return cross_entropy(in[0], target, .3); }, x);
  expect_gradients([&](auto& in) { return cross_entropy(in[0], target, 1); }, x);
  expect_gradients([&](auto& in) { return cross_entropy_soft(in[0], soft); }, x);
  expect_gradients([&](auto& in) { return nll_loss(in[0], target); }, x);
  expect_gradients([](auto& in) { return mse_loss(in[0], in[1]); }, {x[0], uniform({4, 3}, 2)});
}

TEST(Losses, CrossEntropyOfLargeScoresIsFinite) {
  Variable x(from_vector(Values{1000, -1000, 0, 0}, {2, 2}), true);
  Variable y = cross_entropy(x, classes({1, 0}));
  y.backward();
  EXPECT_NEAR(y.item(), (2000 + std::log(2)) / 2, 1e-9);
  EXPECT_EQ(x.grad().to_vector<double>(), (Values{.5, -.5, -.25, .25}));
}

TEST(Losses, RefuseTargetsThatAreNoClasses) {
  Variable x = uniform({2, 3});
  EXPECT_ERROR(cross_entropy(x, classes({0, 3})), "target 3 of example 1 is not one of the 3");
  EXPECT_ERROR(nll_loss(x, classes({-1, 0})), "[nll_loss] target -1 of example 0");
  EXPECT_ERROR(cross_entropy(x, classes({0})), "[cross_entropy]");
  EXPECT_ERROR(cross_entropy(x, ones({2})), "[cross_entropy]");
  EXPECT_ERROR(cross_entropy(x, classes({0, 1}), 1.5), "smoothing is 1.5");
  EXPECT_ERROR(cross_entropy_soft(x, ones({2, 2}, Dtype::f64)), "[cross_entropy_soft]");
  EXPECT_ERROR(mse_loss(x, uniform({3, 2})), "[mse_loss] shapes differ");
}

}  // namespace
}  // namespace melgrad
