// Layers one by one: shapes, modes, statistics, errors. What they compute is the operations' test.
#include <gtest/gtest.h>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/sequential.h"
#include "tests/error_of.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

Variable input(const Shape& shape) { return hashed(5, shape); }

TEST(BatchNorm, KeepsPyTorchsRunningStatistics) {
  BatchNorm2d norm(3);
  norm.to(Dtype::f64);
  Tensor x = hashed(1, {4, 3, 2, 5}) * 3.0 + 1.0;
  norm(x);
  norm(x);
  Tensor mean_x = mean(x, {0, 2, 3}), var_x = var(x, {0, 2, 3}, 1);
  EXPECT_LT(largest_difference(norm.running_mean, mean_x * (1 - .9 * .9)), 1e-14);
  EXPECT_LT(largest_difference(norm.running_var, var_x * (1 - .9 * .9) + .9 * .9), 1e-14);
  EXPECT_EQ(norm.num_batches_tracked.item(), 2);

  norm.eval();
  Tensor y = norm(x).data();
  auto column = [](const Tensor& t) { return t.reshape({3, 1, 1}); };
  Tensor expected = (x - column(norm.running_mean)) / sqrt(column(norm.running_var) + 1e-5);
  EXPECT_LT(largest_difference(y, expected), 1e-14);
  EXPECT_EQ(norm.num_batches_tracked.item(), 2);
}

TEST(BatchNorm, KeepsKerass) {
  BatchNorm1d norm(2, keras_batch_norm);
  norm.to(Dtype::f64);
  Tensor x = hashed(1, {6, 2});
  Tensor y = norm(x).data();
  Tensor var_x = var(x, {0}, 0);
  EXPECT_LT(largest_difference(norm.running_mean, mean(x, {0}) * .01), 1e-16);
  EXPECT_LT(largest_difference(norm.running_var, var_x * .01 + .99), 1e-15);
  EXPECT_LT(largest_difference(y, (x - mean(x, {0})) / sqrt(var_x + 1e-3)), 1e-14);
}

TEST(BatchNorm, TakesSequences) {
  BatchNorm1d norm(3);
  norm.to(Dtype::f64);
  Tensor x = hashed(1, {4, 3, 7});
  Tensor y = norm(x).data();
  EXPECT_EQ(y.shape(), x.shape());
  EXPECT_LT(largest_difference(mean(y, {0, 2}), zeros({3}, Dtype::f64)), 1e-15);
}

TEST(BatchNorm, RefusesOneValuePerChannel) {
  BatchNorm1d norm(3);
  EXPECT_THROW(norm(ones({1, 3})), Error);
  EXPECT_EQ(norm.num_batches_tracked.item(), 0);
  norm.eval();
  EXPECT_NO_THROW(norm(ones({1, 3})));
  EXPECT_THROW(norm(ones({2, 4})), Error);
  EXPECT_THROW(BatchNorm2d(3)(ones({2, 3})), Error);
}

TEST(BatchNorm, WithReluIsTheComposition) {
  BatchNorm2d one(4), two(4);
  for (auto* norm : {&one, &two}) {
    norm->to(Dtype::f64);
    set_hashed(norm->parameters());
  }
  Variable x(hashed(3, {2, 4, 3, 3}), true), same(hashed(3, {2, 4, 3, 3}), true);
  Tensor dy = hashed(4, {2, 4, 3, 3});
  one.forward_relu(x).backward(dy);
  relu(two(same)).backward(dy);
  EXPECT_LT(largest_difference(x.grad(), same.grad()), 1e-14);
  EXPECT_LT(largest_difference(one.weight.grad(), two.weight.grad()), 1e-14);
  EXPECT_TRUE(equal(one.running_var, two.running_var));
}

TEST(Conv2d, Shapes) {
  auto shape = [](Pair kernel, const Conv2dOptions& settings) {
    Conv2d conv(4, 6, kernel, settings);
    conv.to(Dtype::f64);
    conv.eval();
    return conv(input({2, 4, 9, 10})).shape();
  };
  EXPECT_EQ(shape(3, {}), (Shape{2, 6, 7, 8}));
  EXPECT_EQ(shape(3, {.stride = 2, .padding = 1}), (Shape{2, 6, 5, 5}));
  EXPECT_EQ(shape({3, 1}, {.stride = {1, 2}, .groups = 2}), (Shape{2, 6, 7, 5}));
  EXPECT_EQ(shape(3, {.dilation = 2}), (Shape{2, 6, 5, 6}));
  EXPECT_EQ(shape(4, {.stride = 2, .mode = Padding::same}), (Shape{2, 6, 5, 5}));
}

TEST(Conv2d, RefusesWhatDoesNotFit) {
  EXPECT_THROW(Conv2d(3, 4, 3, {.groups = 2}), Error);
  EXPECT_THROW(Conv2d(3, 0, 3), Error);
  Conv2d conv(3, 4, 3);
  conv.eval();
  EXPECT_TRUE(contains(error_of([&] { conv(ones({1, 2, 8, 8})); }), "[conv2d] input has 2"));
  EXPECT_EQ(Conv2d(3, 4, 3, {}, {.bias = false}).parameters().size(), 1U);
}

TEST(Linear, TakesAnyLeadingAxes) {
  Linear linear(3, 5);
  linear.eval();
  EXPECT_EQ(linear(ones({2, 4, 3})).shape(), (Shape{2, 4, 5}));
  EXPECT_EQ(linear.multiply_adds({2, 4, 3}, {2, 4, 5}), 2 * 4 * 5 * 3);
  EXPECT_TRUE(contains(error_of([&] { linear(ones({2, 4})); }), "[linear] "));
  EXPECT_EQ(Linear(3, 5, {.bias = false}).parameters().size(), 1U);
}

TEST(Pools, Shapes) {
  Variable x = input({2, 3, 7, 8});
  EXPECT_EQ(MaxPool2d(2)(x).shape(), (Shape{2, 3, 3, 4}));
  EXPECT_EQ(MaxPool2d(3, {.stride = 2, .mode = Padding::same})(x).shape(), (Shape{2, 3, 4, 4}));
  EXPECT_EQ(AvgPool2d(2, {.ceil_mode = true})(x).shape(), (Shape{2, 3, 4, 4}));
  EXPECT_EQ(AdaptiveAvgPool2d(6)(x).shape(), (Shape{2, 3, 6, 6}));
  EXPECT_LT(largest_difference(GlobalAvgPool2d()(x).data(), mean(x.data(), {2, 3})), 1e-15);
  EXPECT_TRUE(equal(GlobalMaxPool2d()(x).data(), max(x.data(), {2, 3})));
}

TEST(Activations, AreTheOperations) {
  Variable x = input({3, 4});
  EXPECT_TRUE(equal(ReLU()(x).data(), relu(x.data())));
  EXPECT_TRUE(equal(LeakyReLU(.2)(x).data(), leaky_relu(x.data(), .2)));
  EXPECT_TRUE(equal(Tanh()(x).data(), tanh(x.data())));
  EXPECT_TRUE(equal(Sigmoid()(x).data(), sigmoid(x.data())));
  EXPECT_TRUE(equal(GELU()(x).data(), gelu(x.data())));
  EXPECT_TRUE(equal(Softmax(0)(x).data(), softmax(x.data(), 0)));
}

TEST(Flatten, IsInLogicalOrder) {
  Tensor x = hashed(1, {2, 3, 4, 5});
  EXPECT_TRUE(equal(Flatten()(x.channels_last()).data(), x.reshape({2, 60})));
  EXPECT_EQ(Flatten(2)(x).shape(), (Shape{2, 3, 20}));
}

TEST(Sequential, NumbersItsLayers) {
  Sequential net;
  net.add<Linear>(3, 4).add<ReLU>().add<Linear>(4, 2);
  net.eval();
  EXPECT_EQ(net.size(), 3U);
  EXPECT_EQ(net.parameters()[2].first, "2.weight");
  EXPECT_EQ(net(ones({5, 3})).shape(), (Shape{5, 2}));
  EXPECT_THROW(net.append(nullptr), Error);
}

TEST(Sequential, NamesItsLayers) {
  Sequential net("Pair");
  net.add_as<Linear>("first", 3, 4).add<ReLU>().add_as<Linear>("last", 4, 2);
  net.eval();
  EXPECT_EQ(net.type(), "Pair");
  EXPECT_EQ(net.parameters()[2].first, "last.weight");
  EXPECT_EQ(net.modules()[2].first, "1");  // its place
  EXPECT_EQ(net(ones({5, 3})).shape(), (Shape{5, 2}));
  EXPECT_THROW(net.append("none", nullptr), Error);
}

// Each size and count by itself.
TEST(Layers, RefuseSizesThatMakeNoSense) {
  auto refused = [](auto make) { return error_of(make) != "no error"; };
  EXPECT_TRUE(refused([] { Linear(0, 3); }));
  EXPECT_TRUE(refused([] { Linear(3, 0); }));
  EXPECT_TRUE(refused([] { Conv2d(0, 3, 3); }));
  EXPECT_TRUE(refused([] { Conv2d(3, 4, {0, 3}); }));
  EXPECT_TRUE(refused([] { Conv2d(3, 4, {3, 0}); }));
  EXPECT_TRUE(refused([] { Conv2d(3, 4, 3, {.groups = 0}); }));
  EXPECT_TRUE(refused([] { Conv2d(4, 3, 3, {.groups = 2}); }));
  EXPECT_TRUE(refused([] { Conv2d(3, 4, 3, {.groups = 2}); }));
  EXPECT_TRUE(refused([] { BatchNorm1d(0); }));
  EXPECT_TRUE(refused([] { Dropout(-.1); }));
  EXPECT_TRUE(refused([] { Dropout(1); }));
  EXPECT_TRUE(refused([] { GlobalAvgPool2d()(ones({2, 3, 4})); }));
  EXPECT_TRUE(refused([] { GlobalMaxPool2d()(ones({2, 3, 4})); }));
  EXPECT_TRUE(refused([] { Sequential()[0]; }));
}

TEST(Conv2d, CountsMultiplyAdds) {
  // An output value sums in/groups · kh · kw products.
  EXPECT_EQ(Conv2d(4, 6, {3, 5}, {.groups = 2}).multiply_adds({}, {2, 6, 7, 8}),
            2 * 6 * 7 * 8 * (4 / 2) * 3 * 5);
}

TEST(BatchNorm, TakesWhatItsNameSays) {
  BatchNorm1d one(3);
  BatchNorm2d two(3);
  for (const Shape& shape : {Shape{3}, Shape{4, 2}, Shape{4, 2, 5}, Shape{4, 3, 5, 5}})
    EXPECT_TRUE(contains(error_of([&] { one(ones(shape)); }), "[batch_norm1d] input is (N, 3)"));
  for (const Shape& shape : {Shape{4, 3}, Shape{4, 3, 5}, Shape{4, 2, 5, 5}})
    EXPECT_TRUE(contains(error_of([&] { two(ones(shape)); }), "[batch_norm2d] input is (N, 3, H"));
}

TEST(LeakyReLU, HasPyTorchsSlope) {
  EXPECT_TRUE(equal(LeakyReLU()(input({3, 4})).data(), leaky_relu(input({3, 4}).data(), .01)));
}

}  // namespace
}  // namespace melgrad
