// Module: names, state, freezing, moving, hooks.
#include "layers/module.h"

#include <gtest/gtest.h>

#include "autograd/tools/anomaly.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/sequential.h"
#include "layers/summary.h"
#include "tests/error_of.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

// Two levels, parameters and buffers at both.
class Small final : public Module {
 public:
  Small() {
    features.add<Conv2d>(2, 4, 3, Conv2dOptions{.padding = 1}).add<BatchNorm2d>(4).add<ReLU>();
    add_module("features", features);
    add_module("fc", fc);
  }
  std::string type() const override { return "Small"; }
  Variable forward(const Variable& x) override { return fc(mean(features(x), {2, 3})); }

  Sequential features;
  Linear fc{4, 3};
};

std::vector<std::string> names_of(const Named<Variable>& named) {
  std::vector<std::string> names;
  for (const auto& [name, value] : named) names.push_back(name);
  return names;
}

TEST(Module, NamesAreInOrderOfRegistration) {
  Small net;
  EXPECT_EQ(names_of(net.parameters()),
            (std::vector<std::string>{"features.0.weight", "features.0.bias", "features.1.weight",
                                      "features.1.bias", "fc.weight", "fc.bias"}));
  EXPECT_EQ(net.buffers().size(), 3U);
  EXPECT_EQ(net.buffers()[2].first, "features.1.num_batches_tracked");
  EXPECT_EQ(net.parameter_count(), 4 * 2 * 9 + 4 + 8 + 12 + 3);
  EXPECT_EQ(net.modules().size(), 6U);
  EXPECT_EQ(net.modules()[0].first, "");
  EXPECT_EQ(net.modules()[3].first, "features.1");
}

TEST(Module, OneSeedIsOneNetInEveryDtype) {
  Small a, b;
  b.to(Dtype::f64);
  Generator one(7), two(7);
  a.reset(one);
  b.reset(two);
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    Tensor first = a.parameters()[i].second.data(), second = b.parameters()[i].second.data();
    EXPECT_TRUE(equal(first, second.to(Dtype::f32))) << a.parameters()[i].first;
  }
}

TEST(Module, StateGoesRoundAndConverts) {
  Small a, b;
  Generator generator(1);
  a.reset(generator);
  b.to(Dtype::f64);
  StateDict state = a.state_dict();
  EXPECT_EQ(state.size(), 9U);
  b.load_state_dict(state);
  for (const auto& [name, value] : b.state_dict())
    EXPECT_TRUE(equal(value.to(state[name].dtype()), state[name])) << name;
  EXPECT_EQ(b.state_dict().at("fc.weight").dtype(), Dtype::f64);
}

TEST(Module, StrictLoadingListsEverythingAndChangesNothing) {
  Small net;
  StateDict state = net.state_dict();
  for (auto& [name, value] : state) value = value.clone();
  state["fc.bias"] = ones({3});
  state.erase("features.0.bias");
  state["extra"] = zeros({1});
  state["features.0.weight"] = zeros({4, 3, 3, 3});
  std::string message = error_of([&] { net.load_state_dict(state); });
  EXPECT_NE(message.find("missing (1): features.0.bias"), std::string::npos) << message;
  EXPECT_NE(message.find("unexpected (1): extra"), std::string::npos) << message;
  EXPECT_NE(message.find("features.0.weight is (4, 3, 3, 3), not (4, 2, 3, 3)"), std::string::npos)
      << message;
  EXPECT_EQ(sum(net.fc.bias.data()).item(), 0);

  EXPECT_THROW(net.load_state_dict(state, false), Error);  // a wrong shape is never let through
  state.erase("features.0.weight");
  auto report = net.load_state_dict(state, false);
  EXPECT_EQ(report.missing, (std::vector<std::string>{"features.0.bias", "features.0.weight"}));
  EXPECT_EQ(report.unexpected, (std::vector<std::string>{"extra"}));
  EXPECT_EQ(sum(net.fc.bias.data()).item(), 3);
}

TEST(Module, FrozenParametersGetNoGradient) {
  Small net;
  Generator generator(1);
  net.reset(generator);
  EXPECT_EQ(net.freeze("features.*"), 4U);
  EXPECT_EQ(net.parameter_count(true), 15);
  sum(net(rand({2, 2, 5, 5}, generator))).backward();
  EXPECT_FALSE(net.parameters()[0].second.grad().defined());
  EXPECT_TRUE(net.fc.weight.grad().defined());
  EXPECT_EQ(net.freeze("*.weight", false), 3U);
  EXPECT_EQ(net.freeze("nothing"), 0U);
  sum(net(rand({2, 2, 5, 5}, generator))).backward();
  EXPECT_TRUE(net.parameters()[0].second.grad().defined());
  net.zero_grad();
  EXPECT_FALSE(net.fc.weight.grad().defined());
}

TEST(Module, Glob) {
  EXPECT_TRUE(matches_glob("features.*", "features.0.weight"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("*.?.weight", "layer1.0.weight"));
  EXPECT_TRUE(matches_glob("*a*b", "aab"));
  EXPECT_FALSE(matches_glob("features.*", "features"));
  EXPECT_FALSE(matches_glob("fc", "fc.weight"));
  EXPECT_FALSE(matches_glob("a?", "a"));
}

TEST(Module, StatisticsAreNeverBf16) {
  Small net;
  net.to(Dtype::bf16);
  EXPECT_EQ(net.fc.weight.dtype(), Dtype::bf16);
  EXPECT_EQ(net.state_dict().at("features.1.running_mean").dtype(), Dtype::f32);
  EXPECT_EQ(net.state_dict().at("features.1.num_batches_tracked").dtype(), Dtype::i64);
  EXPECT_THROW(net.to(Dtype::i64), Error);
}

TEST(Module, ConvolutionWeightsLieChannelsLast) {
  Small net;
  EXPECT_TRUE(net.parameters()[0].second.data().is_channels_last());
  net.to(Dtype::f64);
  EXPECT_TRUE(net.parameters()[0].second.data().is_channels_last());
}

TEST(Module, HooksSeeChildrenFirst) {
  Small net;
  std::vector<std::string> seen;
  {
    ForwardHook hook(
        [&](Module& module, const Variable&, const Variable&) { seen.push_back(module.type()); });
    net.eval();
    net(zeros({1, 2, 3, 3}));
  }
  net(zeros({1, 2, 3, 3}));
  EXPECT_EQ(seen, (std::vector<std::string>{"Conv2d", "BatchNorm2d", "ReLU", "Sequential", "Linear",
                                            "Small"}));
}

TEST(Module, AnomalyNamesTheLayer) {
  Small net;
  net.eval();
  net.fc.weight.mutable_data().fill_(INFINITY);
  AnomalyMode anomaly;
  std::string message = error_of([&] { net(ones({1, 2, 3, 3})); });
  EXPECT_TRUE(contains(message, "called from fc, in ")) << message;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Takes (N, 2, H, W) and fails where it is told to.
class Failing final : public Module {
 public:
  explicit Failing(std::function<void()> fault) : fault_(std::move(fault)) {
    add_module("small", small_);
  }
  std::string type() const override { return "Failing"; }
  Variable forward(const Variable& x) override {
    Variable y = small_(x);
    fault_();
    return y;
  }

 private:
  std::function<void()> fault_;
  Small small_;
};

// The whole path from the outermost module called, once, after what the operation said.
TEST(Module, ErrorsEndWithWhere) {
  Failing net([] { fail("fault", "here"); });
  net.eval();
  auto message = [&](const Shape& shape) { return error_of([&] { net(zeros(shape)); }); };
  std::string conv = message({1, 3, 4, 4});
  EXPECT_TRUE(contains(conv, "[conv2d] input has 3 channels")) << conv;
  EXPECT_TRUE(ends_with(conv, "weight (4, 2, 3, 3), in small.features.0")) << conv;
  EXPECT_EQ(conv.find(", in "), conv.rfind(", in ")) << conv;
  EXPECT_EQ(message({1, 2, 4, 4}), "[fault] here, in Failing");

  Module& features = *net.modules()[2].second;
  std::string part = error_of([&] { features(zeros({1, 3, 4, 4})); });
  EXPECT_TRUE(ends_with(part, ", in features.0"))
      << "no path is known above what was called" << part;
}

TEST(Module, ErrorsOfFusedLayersEndWithWhereToo) {
  Small net;
  net.eval();
  Sequential pair;
  pair.add<Sequential>();
  static_cast<Sequential&>(pair[0]).add<Conv2d>(2, 3, 1).add<ReLU>();
  pair.eval();
  pair(zeros({1, 2, 4, 4}));
  for (i64 channels : {3, 5}) {  // planning, and by the plan, as the sizes are those of before
    std::string message = error_of([&] { pair(zeros({1, channels, 4, 4})); });
    EXPECT_TRUE(ends_with(message, ", in 0.0")) << message;
  }
}

TEST(Module, ErrorsOfHooksEndWithWhere) {
  Small net;
  net.eval();
  ForwardHook hook([](Module& module, const Variable&, const Variable&) {
    check(module.type() != "BatchNorm2d", "hook", "not this one");
  });
  EXPECT_EQ(error_of([&] { net(zeros({1, 2, 4, 4})); }), "[hook] not this one, in features.1");
}

TEST(Module, ErrorsOfBackwardEndWithWhere) {
  Small net;
  Generator generator(1);
  net.reset(generator);
  Variable loss = sum(net(rand({2, 2, 4, 4}, generator)));
  net.fc.weight.mutable_data().fill_(1);
  std::string message = error_of([&] { loss.backward(); });
  EXPECT_TRUE(contains(message, "[linear] a tensor saved for backward was changed")) << message;
  EXPECT_TRUE(ends_with(message, ", in fc")) << message;

  Variable x(ones({2}), true);
  Variable y = sum(exp(x));
  y.register_hook([](const Tensor&) -> Tensor { fail("hook", "no"); });
  EXPECT_EQ(error_of([&] { y.backward(); }), "[hook] no") << "outside of every module";
}

// What is derived from Error is somebody's own, and comes through as it is.
TEST(Module, OtherExceptionsAreLeftAlone) {
  struct Own : Error {
    using Error::Error;
  };
  Failing own([] { throw Own("mine"); }), other([] { throw std::string("text"); });
  own.eval();
  other.eval();
  EXPECT_THROW(own(zeros({1, 2, 4, 4})), Own);
  EXPECT_EQ(error_of([&] { own(zeros({1, 2, 4, 4})); }), "mine");
  EXPECT_THROW(other(zeros({1, 2, 4, 4})), std::string);
  EXPECT_EQ(Scope::path(), "");
}

// --- A net that nobody initialised

std::string error_of_step(Module& net, const Shape& shape = {2, 2, 4, 4}) {
  Generator generator(1);
  return error_of([&] { net(rand(shape, generator).to(net.parameters()[0].second.dtype())); });
}

TEST(Undrawn, NetsAreNotTrained) {
  Small net;
  std::string message = error_of_step(net);
  EXPECT_TRUE(contains(message,
                       "[module] Conv2d 'features.0' was never initialised: call "
                       "reset(generator) or load_state_dict()"))
      << message;
  EXPECT_TRUE(ends_with(message,
                        "neither drawn nor loaded (4): features.0.weight features.0.bias "
                        "fc.weight fc.bias"))
      << message;
  EXPECT_EQ(net.buffers()[2].second.item(), 0) << "nothing ran";
  Linear alone(3, 4);
  EXPECT_TRUE(contains(error_of_step(alone, {2, 3}), "[module] Linear was never initialised"));
  net.to(Dtype::f64);
  EXPECT_EQ(error_of_step(net), message);
}

TEST(Undrawn, NetsAreLookedAt) {
  Small net;
  {
    NoGrad no_grad;
    EXPECT_EQ(error_of_step(net), "no error");
  }
  net.eval();
  EXPECT_EQ(error_of_step(net), "no error");
  EXPECT_EQ(summarize(net, {1, 2, 4, 4}).rows.size(), 4U);
  net.train();
  EXPECT_NE(error_of_step(net), "no error");
}

TEST(Undrawn, EndsWithResetLoadingOrWriting) {
  Generator generator(1);
  Small drawn, loaded, written;
  drawn.reset(generator);
  loaded.load_state_dict(drawn.state_dict());
  for (auto& [name, parameter] : written.parameters()) parameter.mutable_data().fill_(1);
  written.to(Dtype::f64);
  for (Module* net : {&drawn, &loaded, &written}) EXPECT_EQ(error_of_step(*net), "no error");

  Linear linear(3, 4);
  linear.weight = Variable(ones({4, 3}), true);
  EXPECT_TRUE(ends_with(error_of_step(linear, {2, 3}), "loaded (1): bias"));
  linear.bias = Variable(zeros({4}), true);
  EXPECT_EQ(error_of_step(linear, {2, 3}), "no error");
  EXPECT_EQ(BatchNorm1d(3)(ones({2, 3})).shape(), (Shape{2, 3})) << "born with 1 and 0";
}

TEST(Undrawn, ZerosThatWereDrawnAreDrawn) {
  auto zeros_rule = [](Tensor&, Tensor&, Generator&) {};
  Linear linear(3, 4, {.init = zeros_rule});
  Generator generator(1);
  linear.reset(generator);
  EXPECT_EQ(error_of_step(linear, {2, 3}), "no error");
}

TEST(Undrawn, LoadingAPartNamesTheRest) {
  Generator generator(1);
  Small drawn, net;
  drawn.reset(generator);
  StateDict state = drawn.state_dict();
  state.erase("fc.weight");
  state.erase("fc.bias");
  net.load_state_dict(state, false);
  std::string message = error_of_step(net);
  EXPECT_TRUE(contains(message, "Linear 'fc' was never")) << message;
  EXPECT_TRUE(ends_with(message, "(2): fc.weight fc.bias")) << message;
  net.load_state_dict(net.state_dict());
  EXPECT_EQ(error_of_step(net), message) << "its own zeros are nothing loaded";
  net.fc.reset(generator);
  EXPECT_EQ(error_of_step(net), "no error");
}

// Also where the net was found to be drawn before.
TEST(Undrawn, LayersAddedLaterAreNamed) {
  Generator generator(1);
  Failing net([] {});
  net.reset(generator);
  EXPECT_EQ(error_of_step(net), "no error");
  static_cast<Sequential&>(*net.modules()[2].second).add<Conv2d>(4, 4, 1);
  std::string message = error_of_step(net);
  EXPECT_TRUE(contains(message, "Conv2d 'small.features.3' was never")) << message;
  EXPECT_TRUE(contains(message, "(2): small.features.3.weight small.features.3.bias")) << message;
}

TEST(Module, DropoutNeedsAGenerator) {
  Dropout dropout(.5);
  EXPECT_THROW(dropout(ones({4})), Error);
  dropout.eval();
  EXPECT_EQ(sum(dropout(ones({4}))).item(), 4);
  dropout.train();
  dropout.set_generator(Generator(3));
  double kept = sum(dropout(ones({10000}))).item() / 2;
  EXPECT_NEAR(kept, 5000, 5 * 50);  // five standard deviations
  EXPECT_THROW(Dropout(1), Error);
}

TEST(Summary, CountsParametersAndMultiplyAdds) {
  Small net;
  net.freeze("fc.*");
  Summary summary = summarize(net, {1, 2, 6, 5});
  EXPECT_TRUE(net.training());
  EXPECT_EQ(summary.rows.size(), 4U);
  EXPECT_EQ(summary.rows[0].name, "features.0");
  EXPECT_EQ(summary.rows[0].output, (Shape{1, 4, 6, 5}));
  EXPECT_EQ(summary.rows[0].multiply_adds, 6 * 5 * 4 * 2 * 9);
  EXPECT_EQ(summary.multiply_adds, 6 * 5 * 4 * 2 * 9 + 12);
  EXPECT_EQ(summary.parameters, 99);
  EXPECT_EQ(summary.trainable, 84);
  std::ostringstream text;
  text << summary;
  EXPECT_NE(text.str().find("features.0  Conv2d"), std::string::npos) << text.str();
  EXPECT_THROW(summarize(net, {1, 3, 6, 5}), Error);
  EXPECT_TRUE(net.training());
}

TEST(Summary, ANetIsPrintedWithoutRunning) {
  Small net;
  net.freeze("fc.*");
  std::ostringstream text;
  text << net;
  EXPECT_EQ(text.str(),
            "Small\n\n"
            "layer       type         settings                     parameters\n"
            "features.0  Conv2d       2 -> 4, kernel 3, padding 1          76\n"
            "features.1  BatchNorm2d  4, eps 1e-05, momentum 0.1            8\n"
            "features.2  ReLU                                               0\n"
            "fc          Linear       4 -> 3                               15\n"
            "\nparameters 99, of which trainable 84\n");
}

}  // namespace
}  // namespace melgrad
