// Errors say where.
#include "layers/module.h"

#include <gtest/gtest.h>

#include "autograd/tools/anomaly.h"
#include "tests/error_of.h"
#include "tests/layers/small_net.h"

namespace melgrad {
namespace {

TEST(Module, AnomalyNamesTheLayer) {
  Small net;
  net.eval();
  net.fc.weight.mutable_data().fill_(INFINITY);
  AnomalyMode anomaly;
  std::string message = error_of([&] { net(ones({1, 2, 3, 3})); });
  EXPECT_TRUE(contains(message, "called from fc, in ")) << message;
}

// The whole path from the outermost module called, once, after what the operation said.
TEST(Module, ErrorsEndWithWhere) {
  Failing net([] { fail("fault", "here"); });
  net.eval();
  auto message = [&](const Shape& shape) { return error_of([&] { net(zeros(shape)); }); };
  std::string conv = message({1, 3, 4, 4});
  EXPECT_TRUE(contains(conv, "[conv2d] input has 3 channels")) << conv;
  EXPECT_TRUE(conv.ends_with("weight (4, 2, 3, 3), in small.features.0")) << conv;
  EXPECT_EQ(conv.find(", in "), conv.rfind(", in ")) << conv;
  EXPECT_EQ(message({1, 2, 4, 4}), "[fault] here, in Failing");

  Module& features = *net.modules()[2].second;
  std::string part = error_of([&] { features(zeros({1, 3, 4, 4})); });
  EXPECT_TRUE(part.ends_with(", in features.0"))
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
    EXPECT_TRUE(message.ends_with(", in 0.0")) << message;
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
  EXPECT_TRUE(message.ends_with(", in fc")) << message;

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

}  // namespace
}  // namespace melgrad
