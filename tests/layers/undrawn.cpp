// A net that nobody initialised is not trained.
#include "layers/module.h"

#include <gtest/gtest.h>

#include "layers/summary.h"
#include "tests/error_of.h"
#include "tests/layers/small_net.h"

namespace melgrad {
namespace {

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
  EXPECT_TRUE(
      message.ends_with("neither drawn nor loaded (4): features.0.weight features.0.bias "
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
  EXPECT_TRUE(error_of_step(linear, {2, 3}).ends_with("loaded (1): bias"));
  linear.bias = Variable(zeros({4}), true);
  EXPECT_EQ(error_of_step(linear, {2, 3}), "no error");
  EXPECT_EQ(BatchNorm1d(3)(ones({2, 3})).shape(), (Shape{2, 3})) << "born with 1 and 0";
}

// A module that leaves its parameters as they are has drawn them, too, once it was asked to.
class Gain final : public Module {
 public:
  Gain() { add_parameter("gain", gain_); }
  std::string type() const override { return "Gain"; }
  Variable forward(const Variable& x) override { return x * gain_; }

 private:
  Variable gain_{zeros({3}), true};
};

TEST(Undrawn, ZerosThatWereDrawnAreDrawn) {
  Gain net;
  EXPECT_TRUE(contains(error_of_step(net, {2, 3}), "[module] Gain was never initialised"));
  Generator generator(1);
  net.reset(generator);
  EXPECT_EQ(error_of_step(net, {2, 3}), "no error");
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
  EXPECT_TRUE(message.ends_with("(2): fc.weight fc.bias")) << message;
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

}  // namespace
}  // namespace melgrad
