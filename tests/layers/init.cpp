// Initial values: bounds and moments. A sample's deviation differs from the distribution's by about
// 1/√(2n) of it; the tests allow five times that.
#include "layers/init.h"

#include <gtest/gtest.h>

#include <cmath>

#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/models/registry.h"
#include "layers/rnn.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

struct Moments {
  double mean, deviation, largest;
};
Moments moments(const Tensor& x) {
  Tensor flat = x.contiguous().reshape({x.numel()});
  return {mean(flat).item(), std::sqrt(var(flat, {0}).item()), max(abs(flat)).item()};
}

void expect_uniform(const Tensor& x, double bound) {
  auto [mean, deviation, largest] = moments(x);
  double n = static_cast<double>(x.numel()), expected = bound / std::sqrt(3);
  EXPECT_LE(largest, bound * (1 + 1e-6));
  EXPECT_GT(largest, bound * (1 - 20 / n));
  EXPECT_NEAR(mean, 0, 5 * expected / std::sqrt(n));
  EXPECT_NEAR(deviation, expected, 5 * expected / std::sqrt(2 * n));
}

void expect_normal(const Tensor& x, double expected) {
  auto [mean, deviation, largest] = moments(x);
  double n = static_cast<double>(x.numel());
  EXPECT_NEAR(mean, 0, 5 * expected / std::sqrt(n));
  EXPECT_NEAR(deviation, expected, 5 * expected / std::sqrt(2 * n));
  EXPECT_GT(largest, 2 * expected);
}

TEST(Init, Fans) {
  EXPECT_EQ(init::fans({8, 3, 5, 7}).in, 3 * 5 * 7);
  EXPECT_EQ(init::fans({8, 3, 5, 7}).out, 8 * 5 * 7);
  EXPECT_THROW(init::fans({8}), Error);
}

TEST(Init, Bounds) {
  Generator generator(1);
  Tensor weight = empty_channels_last({64, 32, 3, 3});
  init::kaiming_uniform(weight, generator);
  expect_uniform(weight, std::sqrt(6. / (32 * 9)));
  init::kaiming_normal(weight, generator, init::relu_gain, init::Fan::out);
  expect_normal(weight, std::sqrt(2. / (64 * 9)));
  init::kaiming_normal(weight, generator, init::leaky_relu_gain(.5));
  expect_normal(weight, std::sqrt(2 / 1.25 / (32 * 9)));
  init::xavier_uniform(weight, generator);
  expect_uniform(weight, std::sqrt(6. / (96 * 9)));
  init::xavier_normal(weight, generator, 2);
  expect_normal(weight, 2 * std::sqrt(2. / (96 * 9)));
}

// The arguments that the nets leave at their defaults.
TEST(Init, GainsAndMeans) {
  Generator generator(1);
  Tensor weight = empty({300, 200});
  init::kaiming_uniform(weight, generator, 3, init::Fan::out);
  expect_uniform(weight, 3 * std::sqrt(3. / 300));
  init::xavier_uniform(weight, generator, 2);
  expect_uniform(weight, 2 * std::sqrt(6. / 500));
  init::normal(weight, 5, .5, generator);
  EXPECT_NEAR(moments(weight).mean, 5, 5 * .5 / std::sqrt(60000.));
  init::uniform(weight, 1, 3, generator);
  expect_uniform(weight - 2., 1);
}

TEST(Init, OrthogonalWhicheverSideIsLonger) {
  Generator generator(1);
  // At 400 columns one pass of Gram–Schmidt is no longer exact enough.
  for (Shape shape : {Shape{7, 7}, Shape{5, 9}, Shape{9, 5}, Shape{400, 400}}) {
    Tensor w = empty(shape, Dtype::f64);
    init::orthogonal(w, generator);
    Tensor product =
        shape[0] < shape[1] ? matmul(w, w.transpose(0, 1)) : matmul(w.transpose(0, 1), w);
    Tensor identity = one_hot(arange(product.dim(0)), product.dim(0), Dtype::f64);
    EXPECT_TRUE(allclose(product, identity, 0, 1e-14)) << shape;
  }
}

TEST(Init, PyTorchsDefaults) {
  Generator generator(1);
  Linear linear(400, 300);
  linear.reset(generator);
  expect_uniform(linear.weight.data(), 1 / std::sqrt(400.));
  expect_uniform(linear.bias.data(), 1 / std::sqrt(400.));
  Conv2d conv(16, 512, 3);
  conv.reset(generator);
  expect_uniform(conv.weight.data(), 1 / std::sqrt(16 * 9.));
  expect_uniform(conv.bias.data(), 1 / std::sqrt(16 * 9.));
  LSTM lstm(50, 100);
  lstm.reset(generator);
  for (auto& [name, p] : lstm.parameters()) expect_uniform(p.data(), .1);
}

TEST(Init, KerassDefaults) {
  Generator generator(1);
  Linear linear(400, 300, {.init = init::keras});
  linear.reset(generator);
  expect_uniform(linear.weight.data(), std::sqrt(6. / 700));
  EXPECT_EQ(max(abs(linear.bias.data())).item(), 0);
  LSTM lstm(20, 30, {.init = init::keras_rnn});
  lstm.reset(generator);
  expect_uniform(lstm.parameters()[0].second.data(), std::sqrt(6. / (20 + 120)));
  EXPECT_EQ(sum(lstm.parameters()[2].second.data()).item(), 30);  // the forget gate's bias
  EXPECT_EQ(sum(lstm.parameters()[2].second.data().slice(0, 30, 60)).item(), 30);
}

// reset() draws a net anew, whatever it had become.
TEST(Init, NothingOfATrainedLayerIsLeft) {
  for (init::Rule rule : {init::pytorch, init::keras, init::kaiming_fan_out, init::normal_001}) {
    Linear fresh(30, 20, {.init = rule}), trained(30, 20, {.init = rule});
    for (auto& [name, parameter] : trained.parameters()) parameter.mutable_data().fill_(7);
    Generator generator(3), same(3);
    fresh.reset(generator);
    trained.reset(same);
    EXPECT_TRUE(equal(fresh.weight.data(), trained.weight.data()));
    EXPECT_TRUE(equal(fresh.bias.data(), trained.bias.data()));
  }
  LSTM fresh(5, 4, {.init = init::keras_rnn}), trained(5, 4, {.init = init::keras_rnn});
  for (auto& [name, parameter] : trained.parameters()) parameter.mutable_data().fill_(7);
  Generator generator(3), same(3);
  fresh.reset(generator);
  trained.reset(same);
  for (std::size_t i = 0; i < fresh.parameters().size(); ++i)
    EXPECT_TRUE(equal(fresh.parameters()[i].second.data(), trained.parameters()[i].second.data()));
}

TEST(Init, TorchvisionsVgg) {
  Generator generator(1);
  Conv2d conv(16, 64, 3, {}, {.init = init::kaiming_fan_out});
  conv.reset(generator);
  expect_normal(conv.weight.data(), std::sqrt(2. / (64 * 9)));
  Linear linear(100, 90, {.init = init::normal_001});
  linear.reset(generator);
  expect_normal(linear.weight.data(), .01);
  EXPECT_EQ(max(abs(linear.bias.data())).item(), 0);
}

// torchvision's and timm's convolutions by fan_out, timm's gates with PyTorch's biases, fastai's head
// by fan_in.
TEST(Init, ResidualNets) {
  // What a layer of a net draws, which need not be drawn as a whole.
  auto drawn = [](const char* net_name, const std::string& layer) {
    auto net = make_net(net_name, 10);
    Generator generator(1);
    for (auto& [name, module] : net->modules())
      if (name == layer) module->reset(generator);
    StateDict state;
    for (auto& [name, tensor] : net->state_dict()) state[name] = tensor.clone();
    return state;
  };
  StateDict stem = drawn("resnet34", "conv1"), block = drawn("resnet34", "layer2.0");
  expect_normal(stem.at("conv1.weight"), std::sqrt(2. / (64 * 49)));
  expect_normal(block.at("layer2.0.conv1.weight"), std::sqrt(2. / (128 * 9)));
  expect_normal(block.at("layer2.0.conv2.weight"), std::sqrt(2. / (128 * 9)));
  expect_normal(block.at("layer2.0.downsample.0.weight"), std::sqrt(2. / 128));
  StateDict last = drawn("resnet34", "fc");
  expect_uniform(last.at("fc.weight"), 1 / std::sqrt(512));
  expect_uniform(last.at("fc.bias"), 1 / std::sqrt(512));

  StateDict bottleneck = drawn("resnet50", "layer1.0");
  expect_normal(bottleneck.at("layer1.0.conv1.weight"), std::sqrt(2. / 64));
  expect_normal(bottleneck.at("layer1.0.conv3.weight"), std::sqrt(2. / 256));
  EXPECT_TRUE(equal(bottleneck.at("layer1.0.bn3.weight"), ones({256})));

  StateDict rs = drawn("resnetrs50", "layer1.0");
  expect_normal(rs.at("layer1.0.conv2.weight"), std::sqrt(2. / (64 * 9)));
  expect_normal(rs.at("layer1.0.downsample.1.weight"), std::sqrt(2. / 256));
  EXPECT_TRUE(equal(rs.at("layer1.0.bn3.weight"), zeros({256})));
  EXPECT_TRUE(equal(rs.at("layer1.0.bn2.weight"), ones({64})));
  expect_normal(rs.at("layer1.0.se.fc1.weight"), std::sqrt(2. / 64));
  expect_normal(rs.at("layer1.0.se.fc2.weight"), std::sqrt(2. / 256));
  expect_uniform(rs.at("layer1.0.se.fc1.bias"), 1. / 16);
  expect_uniform(rs.at("layer1.0.se.fc2.bias"), 1. / 8);
  expect_normal(drawn("resnetrs50", "conv1").at("conv1.6.weight"), std::sqrt(2. / (64 * 9)));
  expect_normal(drawn("resnetrs50", "maxpool").at("maxpool.0.weight"), std::sqrt(2. / (64 * 9)));
  expect_uniform(drawn("resnetrs50", "fc").at("fc.weight"), 1 / std::sqrt(2048));

  StateDict head = drawn("resnet34_fastai", "head");
  expect_normal(head.at("head.4.weight"), std::sqrt(2. / 1024));
  expect_normal(head.at("head.8.weight"), std::sqrt(2. / 512));
}

}  // namespace
}  // namespace melgrad
