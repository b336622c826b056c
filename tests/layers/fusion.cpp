#include <gtest/gtest.h>

#include <memory>

#include "autograd/function.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/sequential.h"

// Sequential runs a convolution or a batch norm and the ReLU after it as one. The composition is its
// oracle: under a ForwardHook every layer runs on its own.
namespace melgrad {
namespace {

struct Result {
  Tensor y, dx;
  std::vector<Tensor> gradients, buffers;
  int layers_seen = 0;
};

Result run(bool watched, bool training) {
  Sequential net;
  net.add<Conv2d>(3, 5, 3, Conv2dSettings{.padding = 1}).add<BatchNorm2d>(5).add<ReLU>();
  net.add<Conv2d>(5, 5, 3, Conv2dSettings{.padding = 1}).add<ReLU>();
  net.add<Conv2d>(5, 4, 1, Conv2dSettings{}).add<BatchNorm2d>(4);  // no ReLU after this one
  net.to(Dtype::f64);
  Generator generator(3);
  net.reset(generator);
  net.train(training);
  Variable x(randn({2, 3, 6, 7}, generator, 0, 1, Dtype::f64), true);

  Result result;
  ForwardHook::Call count = [&](Module&, const Variable&, const Variable&) {
    ++result.layers_seen;
  };
  std::unique_ptr<ForwardHook> hook;
  if (watched) hook = std::make_unique<ForwardHook>(count);
  Variable y = net(x);
  sum(y * y * y).backward();
  result.y = y.data();
  result.dx = x.grad();
  for (const auto& [name, parameter] : net.parameters())
    result.gradients.push_back(parameter.grad());
  for (const auto& [name, buffer] : net.buffers()) result.buffers.push_back(buffer);
  return result;
}

void expect_same(const Tensor& a, const Tensor& b) { EXPECT_TRUE(allclose(a, b, 1e-13, 1e-14)); }

TEST(Fusion, LayersAreWhatTheyAreApart) {
  for (bool training : {true, false}) {
    Result fused = run(false, training), apart = run(true, training);
    EXPECT_EQ(apart.layers_seen, 8);
    expect_same(fused.y, apart.y);
    expect_same(fused.dx, apart.dx);
    for (std::size_t i = 0; i < apart.gradients.size(); ++i)
      expect_same(fused.gradients[i], apart.gradients[i]);
    for (std::size_t i = 0; i < apart.buffers.size(); ++i)
      expect_same(fused.buffers[i], apart.buffers[i]);
  }
}

// The fused node in the graph proves that the two were one.
TEST(Fusion, OneNodeStandsForConvolutionAndRelu) {
  Sequential net;
  net.add<Conv2d>(2, 3, 1, Conv2dSettings{}).add<ReLU>();
  Variable x(ones({1, 2, 4, 4}), true);
  EXPECT_EQ(net(x).creator()->name(), "conv2d");
  ForwardHook watched([](Module&, const Variable&, const Variable&) {});
  EXPECT_EQ(net(x).creator()->name(), "relu");
}

TEST(Fusion, OneNodeStandsForBatchNormAndRelu) {
  Sequential net;
  net.add<BatchNorm1d>(4).add<ReLU>();
  Variable x(ones({3, 4}), true);
  EXPECT_EQ(net(x).creator()->name(), "batch_norm");
  ForwardHook watched([](Module&, const Variable&, const Variable&) {});
  EXPECT_EQ(net(x).creator()->name(), "relu");
}

}  // namespace
}  // namespace melgrad
