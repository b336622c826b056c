// Module: names, modes, hooks, generators.
#include "layers/module.h"

#include <gtest/gtest.h>

#include <thread>

#include "layers/dropout.h"
#include "layers/rnn.h"
#include "tests/error_of.h"
#include "tests/layers/small_net.h"

namespace melgrad {
namespace {

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

TEST(Module, Glob) {
  EXPECT_TRUE(matches_glob("features.*", "features.0.weight"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("*.?.weight", "layer1.0.weight"));
  EXPECT_TRUE(matches_glob("*a*b", "aab"));
  EXPECT_FALSE(matches_glob("features.*", "features"));
  EXPECT_FALSE(matches_glob("fc", "fc.weight"));
  EXPECT_FALSE(matches_glob("a?", "a"));
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
  EXPECT_EQ(sum(Dropout(0)(ones({4}))).item(), 4) << "it draws nothing";
}

TEST(Module, ModesReachEveryModule) {
  Failing net([] {});
  auto training = [&] {
    std::string modes;
    for (auto& [name, module] : net.modules()) modes += module->training() ? "t" : "e";
    return modes;
  };
  EXPECT_EQ(training(), "ttttttt");
  net.eval();
  EXPECT_EQ(training(), "eeeeeee");
  net.modules()[2].second->train();
  EXPECT_EQ(training(), "eetttte") << "that one and all below";
  net.train();
  EXPECT_EQ(training(), "ttttttt");
  net.set_training(false);
  EXPECT_EQ(training(), "etttttt") << "that one only";
}

// Layer by layer in the order of the names, own parameters after the children's.
TEST(Module, ResettingDrawsInOrder) {
  Small whole, parts;
  Generator one(5), two(5);
  whole.reset(one);
  for (auto& [name, module] : parts.modules())
    if (!module->has_children()) module->reset(two);
  EXPECT_EQ(one.offset(), two.offset());
  for (std::size_t i = 0; i < whole.parameters().size(); ++i)
    EXPECT_TRUE(equal(whole.parameters()[i].second.data(), parts.parameters()[i].second.data()))
        << i;
}

TEST(Module, ResettingSetsStatisticsBack) {
  BatchNorm1d norm(3);
  Generator generator(1);
  StateDict fresh;
  for (const auto& [name, value] : norm.state_dict()) fresh[name] = value.clone();
  for (const auto& [name, value] : norm.state_dict()) Tensor(value).fill_(9);
  norm.reset(generator);
  for (const auto& [name, value] : norm.state_dict())
    EXPECT_TRUE(equal(value, fresh[name])) << name;
}

// Masks of all layers come from one stream, which goes on where the weights' draws ended, or is the
// one that was set.
TEST(Module, GeneratorsAreShared) {
  for (bool set : {false, true}) {
    Sequential net;
    net.add<Sequential>().add<Dropout>(.5);
    static_cast<Sequential&>(net[0]).add<Dropout>(.5).add<Dropout>(0);
    Generator first(1), generator(2);
    net.reset(first);
    if (set) net.set_generator(generator);
    Generator& used = set ? generator : first;
    u64 before = used.offset();
    net(ones({4}));
    EXPECT_EQ(used.offset() - before, 2) << "a block of four numbers a mask; none where p is 0";
  }
}

TEST(Module, HooksNestAndBelongToAThread) {
  Linear net(2, 2);
  net.eval();
  std::string seen;
  ForwardHook outer([&](Module&, const Variable&, const Variable&) { seen += "outer "; });
  {
    ForwardHook inner([&](Module&, const Variable& x, const Variable& y) {
      seen += format("{} {} ", x.shape(), y.shape());
    });
    net(zeros({3, 2}));
    std::thread([&] { net(zeros({3, 2})); }).join();
  }
  net(zeros({3, 2}));
  EXPECT_EQ(seen, "(3, 2) (3, 2) outer outer ");
}

}  // namespace
}  // namespace melgrad
