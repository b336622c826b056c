// State dictionaries, freezing, moving.
#include "layers/module.h"

#include <gtest/gtest.h>

#include "tests/error_of.h"
#include "tests/golden_values.h"
#include "tests/layers/small_net.h"

namespace melgrad {
namespace {

TEST(Module, StateGoesRoundAndConverts) {
  Small a, b;
  b.to(Dtype::f64);
  StateDict state = a.state_dict();
  u64 key = 0;
  for (auto& [name, value] : state)
    value.copy_(hashed(++key, value.shape()) * 100.0);  // buffers, too
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

TEST(Module, StatisticsAreNeverBf16) {
  Small net;
  net.to(Dtype::bf16);
  EXPECT_EQ(net.fc.weight.dtype(), Dtype::bf16);
  EXPECT_EQ(net.state_dict().at("features.1.running_mean").dtype(), Dtype::f32);
  EXPECT_EQ(net.state_dict().at("features.1.num_batches_tracked").dtype(), Dtype::i64);
  EXPECT_THROW(net.to(Dtype::i64), Error);
}

// Each fault alone is refused; without `strict` only a wrong shape is.
TEST(Module, EveryFaultOfAStateIsRefused) {
  Small net;
  StateDict whole;
  for (const auto& [name, value] : net.state_dict()) whole[name] = value.clone();
  StateDict missing = whole, unexpected = whole, misshapen = whole, reshaped = whole;
  missing.erase("features.1.running_mean");
  unexpected["fc.extra"] = zeros({1});
  misshapen["fc.bias"] = zeros({4});
  reshaped["fc.bias"] = zeros({3, 1});
  auto error = [&](const StateDict& state, bool strict) {
    return error_of([&] { net.load_state_dict(state, strict); });
  };
  EXPECT_EQ(error(whole, true), "no error");
  EXPECT_TRUE(contains(error(missing, true), "missing (1): features.1.running_mean"));
  EXPECT_TRUE(contains(error(unexpected, true), "unexpected (1): fc.extra"));
  EXPECT_TRUE(contains(error(misshapen, true), "wrong shape (1): fc.bias is (4,), not (3,)"));
  EXPECT_NE(error(reshaped, true), "no error");
  EXPECT_EQ(error(missing, false), "no error");
  EXPECT_EQ(error(unexpected, false), "no error");
  EXPECT_NE(error(misshapen, false), "no error");
}

// As in PyTorch: a state that is older than the counter leaves it as it is.
TEST(Module, AStateWithoutTheCounterOfBatches) {
  Small net;
  StateDict old;
  for (const auto& [name, value] : net.state_dict())
    if (!name.ends_with("num_batches_tracked")) old[name] = ones(value.shape());
  EXPECT_EQ(old.size(), 8U);
  auto report = net.load_state_dict(old);
  EXPECT_TRUE(report.missing.empty() && report.unexpected.empty());
  StateDict own = net.state_dict();
  EXPECT_EQ(own.at("features.1.num_batches_tracked").item(), 0);
  EXPECT_EQ(sum(own.at("features.1.running_mean")).item(), 4);
  own.at("features.1.num_batches_tracked").fill_(7);
  net.load_state_dict(old);
  EXPECT_EQ(net.state_dict().at("features.1.num_batches_tracked").item(), 7);
  old["features.1.num_batches_tracked"] = full({}, 9, Dtype::i64);
  net.load_state_dict(old);
  EXPECT_EQ(net.state_dict().at("features.1.num_batches_tracked").item(), 9);
}

TEST(Module, LoadingCopiesTheValues) {
  Small net;
  StateDict state;
  for (const auto& [name, value] : net.state_dict()) state[name] = ones(value.shape());
  net.load_state_dict(state);
  state["fc.bias"].fill_(7);
  EXPECT_EQ(sum(net.fc.bias.data()).item(), 3);
  EXPECT_TRUE(net.state_dict().at("fc.bias").shares_storage(net.fc.bias.data()));
}

// A gradient from before would be stepped along for ever, or added to after thawing.
TEST(Module, FreezingAndMovingDropGradients) {
  Small net;
  Generator generator(1);
  net.reset(generator);
  auto learn = [&] {
    Dtype dtype = net.fc.weight.dtype();
    sum(net(rand({2, 2, 5, 5}, generator).to(dtype))).backward();
    for (const auto& [name, parameter] : net.parameters())
      ASSERT_EQ(parameter.grad().defined(), parameter.requires_grad()) << name;
  };
  learn();
  net.freeze("fc.*");
  EXPECT_FALSE(net.fc.weight.grad().defined());
  EXPECT_FALSE(net.fc.weight.requires_grad());
  EXPECT_TRUE(net.parameters()[0].second.grad().defined()) << "not frozen";
  learn();
  net.freeze("*", false);
  for (const auto& [name, parameter] : net.parameters())
    EXPECT_FALSE(parameter.grad().defined()) << name;
  learn();
  net.to(Dtype::f64);
  for (const auto& [name, parameter] : net.parameters())
    EXPECT_FALSE(parameter.grad().defined()) << name;
  learn();
  net.to(Device::cpu());
  for (const auto& [name, parameter] : net.parameters())
    EXPECT_FALSE(parameter.grad().defined()) << name;
}

TEST(Module, StatisticsFollowToF64AndBack) {
  Small net;
  auto mean = [&] { return net.state_dict().at("features.1.running_mean"); };
  net.to(Dtype::f64);
  EXPECT_EQ(mean().dtype(), Dtype::f64);
  EXPECT_EQ(net.state_dict().at("features.1.num_batches_tracked").dtype(), Dtype::i64);
  net.to(Dtype::f32);
  EXPECT_EQ(mean().dtype(), Dtype::f32);
}

}  // namespace
}  // namespace melgrad
