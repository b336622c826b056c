// What a frozen batch norm does in training, by itself and where it runs as one with its neighbours.
#include <gtest/gtest.h>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/models/registry.h"
#include "layers/pool.h"
#include "layers/sequential.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

const Tensor x = hashed(1, {4, 3, 6, 8}).to(Dtype::f32);

std::vector<double> values(const Tensor& tensor) { return tensor.to_vector<double>(); }

// Statistics that no batch of this file has.
void move_statistics(BatchNorm& norm) {
  norm.running_mean.copy_(hashed(2, norm.running_mean.shape()));
  norm.running_var.copy_(hashed(3, norm.running_var.shape()) + 2);
}

struct Result {
  std::vector<double> y, dx;
  bool statistics_moved;
};

// Forward and backward.
Result run(BatchNorm& norm) {
  StateDict before;
  for (const auto& [name, value] : norm.state_dict()) before[name] = value.clone();
  Variable input(x, true);
  Variable y = norm(input);
  sum(y * y * y).backward();
  bool moved = false;
  for (const auto& [name, value] : norm.state_dict()) moved |= !equal(value, before.at(name));
  return {values(y.data()), values(input.grad()), moved};
}

Result run(const BatchNormSettings& settings, bool training, const char* frozen) {
  BatchNorm2d norm(3, settings);
  norm.weight.mutable_data().copy_(hashed(4, {3}));
  move_statistics(norm);
  norm.train(training);
  norm.freeze(frozen);
  return run(norm);
}

TEST(FrozenBatchNorm, MovesItsStatisticsAsPyTorchs) {
  Result trained = run({}, true, ""), frozen = run({}, true, "*");
  EXPECT_EQ(frozen.y, trained.y);
  EXPECT_EQ(frozen.dx, trained.dx);
  EXPECT_TRUE(frozen.statistics_moved);
  EXPECT_NE(frozen.y, run({}, false, "*").y) << "the test shows nothing";
}

TEST(FrozenBatchNorm, IsAsInEvaluationIfKerass) {
  const BatchNormSettings keras{.frozen = FrozenBatchNorm::running_statistics};
  Result evaluated = run(keras, false, "*"), frozen = run(keras, true, "*");
  EXPECT_EQ(frozen.y, evaluated.y);
  EXPECT_EQ(frozen.dx, evaluated.dx);
  EXPECT_FALSE(frozen.statistics_moved);
}

// Who trains a weight or a bias trains the layer.
TEST(FrozenBatchNorm, IsFrozenIfAllOfItIs) {
  const BatchNormSettings keras{.frozen = FrozenBatchNorm::running_statistics};
  Result trained = run(keras, true, "");
  for (const char* frozen : {"weight", "bias"}) {
    Result result = run(keras, true, frozen);
    EXPECT_EQ(result.y, trained.y) << frozen;
    EXPECT_TRUE(result.statistics_moved) << frozen;
  }
}

TEST(FrozenBatchNorm, TakesOneValuePerChannelOnlyAsInEvaluation) {
  BatchNorm1d norm(3);
  norm.freeze("*");
  EXPECT_THROW(norm(ones({1, 3})), Error);
  norm.set_frozen(FrozenBatchNorm::running_statistics);
  EXPECT_EQ(norm(ones({1, 3})).shape(), (Shape{1, 3}));
}

TEST(FrozenBatchNorm, IsSaidToAWholeNet) {
  auto net = make_net("base_cnn", {3, 8, 8}, 2);
  Generator generator(1);
  net->reset(generator);
  net->freeze("features.*");
  auto moved = [&] {
    std::vector<Tensor> before;
    for (const auto& [name, buffer] : net->buffers()) before.push_back(buffer.clone());
    (*net)(hashed(1, {2, 3, 8, 8}).to(Dtype::f32));
    std::size_t count = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
      count += equal(net->buffers()[i].second, before[i]) ? 0 : 1;
    return count;
  };
  EXPECT_EQ(moved(), 9U);
  set_frozen(*net, FrozenBatchNorm::running_statistics);
  EXPECT_EQ(moved(), 0U);
  net->freeze("features.5.*", false);
  EXPECT_EQ(moved(), 3U) << "one trains again";
  set_frozen(*net, FrozenBatchNorm::batch_statistics);
  EXPECT_EQ(moved(), 9U);
}

// conv -> batch norm -> ReLU -> pool as one and, while somebody watches, one by one.
TEST(FrozenBatchNorm, IsTheSameWhereItIsFused) {
  for (FrozenBatchNorm kind :
       {FrozenBatchNorm::batch_statistics, FrozenBatchNorm::running_statistics}) {
    auto run = [&](bool apart) {
      Sequential net;
      net.add<Conv2d>(3, 4, 3, Conv2dOptions{.padding = 1}).add<BatchNorm2d>(4);
      net.add<ReLU>().add<MaxPool2d>(2);
      set_hashed(net.parameters());
      auto& norm = dynamic_cast<BatchNorm&>(net[1]);
      net(x);  // plans what is fused: training, not frozen
      norm.set_frozen(kind);
      net.freeze("1.*");
      move_statistics(norm);
      std::optional<ForwardHook> watching;
      if (apart) watching.emplace([](Module&, const Variable&, const Variable&) {});
      Variable input(x, true);
      Variable y = net(input);
      sum(y * y).backward();
      EXPECT_EQ(net.chain().plans_made(), 1);
      return std::vector<Tensor>{y.data(), input.grad(), norm.running_mean, norm.running_var,
                                 net.parameters()[0].second.grad()};
    };
    std::vector<Tensor> fused = run(false), apart = run(true);
    for (std::size_t i = 0; i < fused.size(); ++i)
      EXPECT_LT(largest_difference(fused[i], apart[i]), 2e-5) << i;
    bool moved = largest_difference(fused[2], hashed(2, {4})) > 1e-3;
    EXPECT_EQ(moved, kind == FrozenBatchNorm::batch_statistics);
  }
}

}  // namespace
}  // namespace melgrad
