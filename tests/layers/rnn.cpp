// Recurrent layers against PyTorch: outputs, states and every gradient.
#include "layers/rnn.h"

#include <gtest/gtest.h>

#include "tensor/files/safetensors.h"
#include "tests/error_of.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

using Made = std::unique_ptr<Recurrent>;
struct Case {
  const char* name;
  Made (*make)();
  bool batch_first;
  i64 states;  // layers · directions
};

const std::vector<Case> cases{
    {"rnn_tanh",
     []() -> Made {
       return std::make_unique<RNN>(
           2, 3, RnnSettings{.layers = 2, .bidirectional = true, .batch_first = true});
     },
     true, 4},
    {"rnn_relu",
     []() -> Made { return std::make_unique<RNN>(2, 3, RnnSettings{}, RnnMode::rnn_relu); }, false,
     1},
    {"lstm",
     []() -> Made {
       return std::make_unique<LSTM>(
           2, 3, RnnSettings{.layers = 2, .bidirectional = true, .batch_first = true});
     },
     true, 4},
    {"lstm_deep", []() -> Made { return std::make_unique<LSTM>(2, 3, RnnSettings{.layers = 3}); },
     false, 3},
    {"gru",
     []() -> Made {
       return std::make_unique<GRU>(2, 3, RnnSettings{.layers = 2, .bidirectional = true});
     },
     false, 4},
    {"gru_no_bias",
     []() -> Made {
       return std::make_unique<GRU>(2, 3, RnnSettings{.batch_first = true, .bias = false});
     },
     true, 1},
};

class RecurrentLayers : public ::testing::TestWithParam<Case> {};

// Runs the script's computation in `dtype` and returns the largest error of all results.
double worst_error(const Case& c, Dtype dtype) {
  static const auto file = load_safetensors(MELGRAD_TEST_DATA "/goldens/rnn.safetensors");
  Made net = c.make();
  net->to(dtype);
  set_hashed(net->parameters());
  i64 batch = c.batch_first ? 4 : 5;
  Variable x(hashed(1000, {4, 5, 2}).to(dtype), true);
  Variable h0(hashed(1001, {c.states, batch, 3}).to(dtype), true);
  Variable c0;
  if (net->type() == "LSTM") c0 = Variable(hashed(1002, {c.states, batch, 3}).to(dtype), true);

  RnnStates out = net->run(x, h0, c0);
  Named<Variable> results{{"output", out.output}, {"h_n", out.h_n}};
  if (c0.defined()) results.emplace_back("c_n", out.c_n);
  Variable loss;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Variable& y = results[i].second;
    Variable term = sum(y * Variable(hashed(2000 + i, y.shape()).to(dtype)));
    loss = loss.defined() ? loss + term : term;
  }
  loss.backward();

  double worst = 0;
  auto compare = [&](const std::string& name, const Tensor& ours) {
    worst = std::max(worst, largest_difference(ours, file.tensors.at(c.name + ("." + name))));
  };
  for (auto& [name, y] : results) compare(name, y.data());
  compare("d.x", x.grad());
  compare("d.h0", h0.grad());
  if (c0.defined()) compare("d.c0", c0.grad());
  for (auto& [name, p] : net->parameters()) compare("d." + name, p.grad());
  return worst;
}

TEST_P(RecurrentLayers, EqualPyTorchs) { EXPECT_LT(worst_error(GetParam(), Dtype::f64), 1e-12); }

// Gradients are sums of some 20 terms of order 1.
TEST_P(RecurrentLayers, EqualPyTorchsInF32) {
  EXPECT_LT(worst_error(GetParam(), Dtype::f32), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, RecurrentLayers, ::testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Recurrent, ParameterNamesAndOrderArePyTorchs) {
  LSTM lstm(2, 3, {.layers = 2, .bidirectional = true});
  std::vector<std::string> names;
  for (auto& [name, p] : lstm.parameters()) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
                "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_ih_l1",
                "weight_hh_l1", "bias_ih_l1", "bias_hh_l1", "weight_ih_l1_reverse",
                "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"}));
  EXPECT_EQ(lstm.parameters()[8].second.shape(), (Shape{12, 6}));
  EXPECT_EQ(lstm.multiply_adds({5, 4, 2}, {}), 5 * 4 * 2 * 12 * (2 + 3 + 6 + 3));
}

TEST(Recurrent, DropoutIsBetweenLayersInTrainingOnly) {
  GRU one(2, 8, {.dropout = .5}), two(2, 8, {.layers = 2, .dropout = .5});
  Generator generator(1);
  one.reset(generator);
  two.reset(generator);
  Variable x(hashed(1, {3, 2, 2}).to(Dtype::f32));
  EXPECT_TRUE(equal(one(x).data(), one(x).data()));
  EXPECT_FALSE(equal(two(x).data(), two(x).data()));
  two.eval();
  EXPECT_TRUE(equal(two(x).data(), two(x).data()));
}

TEST(Recurrent, RefusesWhatDoesNotFit) {
  LSTM lstm(2, 3);
  lstm.eval();
  EXPECT_TRUE(contains(error_of([&] { lstm(ones({4, 5, 3})); }), "[rnn] input is (T, N, 2)"));
  EXPECT_TRUE(contains(error_of([&] { lstm(ones({4, 2})); }), "[rnn] input is (T, N, 2)"));
  EXPECT_THROW(lstm.run(ones({4, 5, 2}), zeros({2, 5, 3})), Error);
  EXPECT_THROW(RNN(2, 3, {}, RnnMode::lstm), Error);
  EXPECT_THROW(GRU(2, 3, {.layers = 0}), Error);
  EXPECT_THROW(GRU(0, 3), Error);
  EXPECT_THROW(GRU(2, 0), Error);
  EXPECT_THROW(GRU(2, 3, {.dropout = 1}), Error);
  EXPECT_THROW(GRU(2, 3, {.dropout = -.1}), Error);
  for (const Shape& wrong : {Shape{1, 4, 3}, Shape{1, 5, 4}, Shape{5, 3}})
    EXPECT_TRUE(contains(error_of([&] {
                           lstm.run(ones({4, 5, 2}), zeros({1, 5, 3}), zeros(wrong));
                         }),
                         "an initial state is (layers · directions, N, hidden) = (1, 5, 3)"))
        << wrong;
}

}  // namespace
}  // namespace melgrad
