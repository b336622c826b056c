// Layers that run as one are what they are apart; what is fused, when it is planned, who sees it.
#include "layers/fusion.h"

#include <gtest/gtest.h>

#include <memory>

#include "autograd/autocast.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/sequential.h"
#include "layers/summary.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

const ForwardHook::Call see_nothing = [](Module&, const Variable&, const Variable&) {};

// Everything that a forward and a backward leave behind.
struct Result {
  Tensor y, dx;
  std::vector<Tensor> gradients, buffers;
};

using Forward = std::function<Variable(const Variable&)>;
Result run(Module& net, const Forward& forward, const Tensor& input) {
  Variable x(input, true);
  Variable y = forward(x);
  sum(y * y * y).backward();
  Result result{y.data(), x.grad(), {}, {}};
  for (const auto& [name, parameter] : net.parameters())
    result.gradients.push_back(parameter.grad());
  for (const auto& [name, buffer] : net.buffers()) result.buffers.push_back(buffer.clone());
  return result;
}

void expect_same(const Result& a, const Result& b, double tolerance) {
  auto close = [&](const Tensor& x, const Tensor& y) {
    return allclose(x, y, tolerance, tolerance);
  };
  EXPECT_TRUE(close(a.y, b.y));
  EXPECT_TRUE(close(a.dx, b.dx));
  ASSERT_EQ(a.gradients.size(), b.gradients.size());
  for (std::size_t i = 0; i < b.gradients.size(); ++i)
    EXPECT_TRUE(close(a.gradients[i], b.gradients[i])) << i;
  for (std::size_t i = 0; i < b.buffers.size(); ++i)
    EXPECT_TRUE(close(a.buffers[i], b.buffers[i])) << i;
}

// torchvision's BasicBlock, whose one ReLU is called twice.
class Block final : public Module {
 public:
  Block() {
    add_module("conv1", conv1_);
    add_module("bn1", bn1_);
    add_module("relu", relu_);
    add_module("conv2", conv2_);
    add_module("bn2", bn2_);
  }
  std::string type() const override { return "Block"; }
  Variable forward(const Variable& x) override { return add_relu(bn2_, relu_, main_(x), x); }
  const Chain& chain() const { return main_; }

 private:
  Conv2d conv1_{3, 3, 3, {.padding = 1}, {.bias = false}};
  BatchNorm2d bn1_{3};
  ReLU relu_;
  Conv2d conv2_{3, 3, 3, {.padding = 1}, {.bias = false}};
  BatchNorm2d bn2_{3};
  Chain main_{&conv1_, &bn1_, &relu_, &conv2_};
};

// Every kind of fusion, a block that holds a chain, and batch norms that nothing joins. Convolutions
// before a batch norm have no bias: its gradient would be rounding errors alone.
std::unique_ptr<Sequential> every_kind() {
  auto net = std::make_unique<Sequential>();
  Conv2dOptions padded{.padding = 1};
  WeightSettings no_bias{.bias = false};
  net->add<Conv2d>(3, 3, 3, padded, no_bias).add<BatchNorm2d>(3).add<ReLU>();
  net->add<Block>();
  net->add<Conv2d>(3, 5, 3, padded).add<ReLU>();
  net->add<BatchNorm2d>(5).add<ReLU>().add<MaxPool2d>(Pair(2, 3));
  net->add<Conv2d>(5, 4, 1, Conv2dOptions{}, no_bias).add<BatchNorm2d>(4);
  return net;
}

Result run_every_kind(Dtype dtype, bool watched, bool training) {
  auto net = every_kind();
  Generator generator(3);
  net->to(dtype);
  net->reset(generator);
  net->train(training);
  Tensor x = randn({2, 3, 6, 6}, generator).to(dtype);
  std::unique_ptr<ForwardHook> hook;
  if (watched) hook = std::make_unique<ForwardHook>(see_nothing);
  return run(
      *net, [&](const Variable& input) { return (*net)(input); }, x);
}

// Where watched, every layer runs by itself. In f64 it does so anyhow: the reference fuses nothing,
// and the bits are the same. In f32 sums of some hundred terms differ in their order.
TEST(Fusion, LayersAreWhatTheyAreApart) {
  for (bool training : {true, false}) {
    Result reference = run_every_kind(Dtype::f64, false, training);
    expect_same(reference, run_every_kind(Dtype::f64, true, training), 0);
    expect_same(run_every_kind(Dtype::f32, false, training),
                run_every_kind(Dtype::f32, true, training), 1e-5);
  }
}

// Each fused operation next to its layers, also in f64, where nets do not use it.
TEST(Fusion, EveryKindIsItsLayers) {
  struct Kind {
    const char* name;
    Forward fused, apart;
    Module& layer;
  };
  for (Dtype dtype : {Dtype::f64, Dtype::f32}) {
    for (bool training : {true, false}) {
      Conv2d conv(3, 4, 3, {.padding = 1});
      BatchNorm2d norm(3);
      MaxPool2d pool(Pair(2, 3));
      const Kind kinds[] = {
          {"conv_relu", [&](const Variable& x) { return conv.forward_relu(x); },
           [&](const Variable& x) { return relu(conv.forward(x)); }, conv},
          {"batch_norm_relu", [&](const Variable& x) { return norm.forward_relu(x); },
           [&](const Variable& x) { return relu(norm.forward(x)); }, norm},
          {"batch_norm_relu_max_pool",
           [&](const Variable& x) { return norm.forward_relu_max_pool(x, pool.kernel()); },
           [&](const Variable& x) { return pool(relu(norm.forward(x))); }, norm},
          {"batch_norm_add_relu",
           [&](const Variable& x) { return norm.forward_add_relu(x, x * x); },
           [&](const Variable& x) { return relu(norm.forward(x) + x * x); }, norm},
      };
      for (const Kind& kind : kinds) {
        SCOPED_TRACE(format("{} {} training {}", kind.name, name_of(dtype), training));
        kind.layer.to(dtype);
        kind.layer.train(training);
        Result results[2];
        for (int i : {0, 1}) {
          Generator generator(5);
          kind.layer.reset(generator);
          kind.layer.zero_grad();
          Tensor x = randn({2, 3, 4, 6}, generator).to(dtype);
          results[i] = run(kind.layer, i == 0 ? kind.fused : kind.apart, x);
        }
        expect_same(results[0], results[1], dtype == Dtype::f64 ? 1e-13 : 1e-5);
      }
    }
  }
}

// The last node in the graph tells what ran as one.
std::string last_node(Module& net, const Shape& shape, Dtype dtype = Dtype::f32) {
  Generator generator(1);
  net.to(dtype);
  net.reset(generator);
  return std::string(net(Variable(rand(shape, generator).to(dtype), true)).creator()->name());
}

TEST(Fusion, OneNodeStandsForTheLayers) {
  Sequential conv, norm, pooled;
  conv.add<Conv2d>(2, 3, 1).add<ReLU>();
  norm.add<BatchNorm1d>(4).add<ReLU>();
  pooled.add<BatchNorm2d>(2).add<ReLU>().add<MaxPool2d>(2);
  EXPECT_EQ(last_node(conv, {1, 2, 4, 4}), "conv2d");
  EXPECT_EQ(last_node(norm, {3, 4}), "batch_norm");
  EXPECT_NE(last_node(pooled, {1, 2, 4, 4}), "max_pool2d");
  ForwardHook watched(see_nothing);
  EXPECT_EQ(last_node(conv, {1, 2, 4, 4}), "relu");
  EXPECT_EQ(last_node(norm, {3, 4}), "relu");
  EXPECT_EQ(last_node(pooled, {1, 2, 4, 4}), "max_pool2d");
}

// The backend decides: on the CPU, f64 is the reference.
TEST(Fusion, ABackendThatFusesNothingGetsEachLayer) {
  for (Fusion fusion : {Fusion::conv_relu, Fusion::batch_norm_relu,
                        Fusion::batch_norm_relu_max_pool, Fusion::batch_norm_add_relu}) {
    EXPECT_FALSE(backend({}).fuses(fusion, Dtype::f64));
    EXPECT_TRUE(backend({}).fuses(fusion, Dtype::f32));
    EXPECT_TRUE(backend({}).fuses(fusion, Dtype::bf16));
  }
  Sequential conv, norm, pooled;
  conv.add<Conv2d>(2, 3, 1).add<ReLU>();
  norm.add<BatchNorm1d>(4).add<ReLU>();
  pooled.add<BatchNorm2d>(2).add<ReLU>().add<MaxPool2d>(2);
  EXPECT_EQ(last_node(conv, {1, 2, 4, 4}, Dtype::f64), "relu");
  EXPECT_EQ(last_node(norm, {3, 4}, Dtype::f64), "relu");
  EXPECT_EQ(last_node(pooled, {1, 2, 4, 4}, Dtype::f64), "max_pool2d");
}

// Windows that overlap, or do not reach the end, are no part of it.
TEST(Fusion, PoolsJoinOnlyWhereTheyTile) {
  auto ends_in_pool = [](i64 kernel, const Pool2dOptions& options, const Shape& shape) {
    Sequential net;
    net.add<BatchNorm2d>(2).add<ReLU>().add<MaxPool2d>(kernel, options);
    return last_node(net, shape) == "max_pool2d";
  };
  EXPECT_FALSE(ends_in_pool(2, {}, {1, 2, 4, 6}));
  EXPECT_FALSE(ends_in_pool(2, {.stride = 2}, {1, 2, 4, 6}));
  EXPECT_TRUE(ends_in_pool(2, {}, {1, 2, 5, 6}));
  EXPECT_TRUE(ends_in_pool(2, {}, {1, 2, 6, 5}));
  EXPECT_TRUE(ends_in_pool(2, {.stride = 1}, {1, 2, 4, 6}));
  EXPECT_TRUE(ends_in_pool(3, {.stride = 2}, {1, 2, 6, 6}));
  EXPECT_TRUE(ends_in_pool(2, {.padding = 1}, {1, 2, 4, 6}));
}

// Where the two summands are not alike, they are added as everywhere: broadcast.
TEST(Fusion, ABlockEndsInOneNode) {
  BatchNorm2d norm(2);
  ReLU relu;
  Variable x(ones({2, 2, 4, 4}), true), narrow(ones({2, 2, 1, 1}), true);
  auto node_of = [&](const Variable& shortcut) {
    return std::string(add_relu(norm, relu, x, shortcut).creator()->name());
  };
  EXPECT_EQ(node_of(x), "batch_norm_add");
  EXPECT_EQ(node_of(narrow), "relu");
  ForwardHook watched(see_nothing);
  EXPECT_EQ(node_of(x), "relu");
}

TEST(Fusion, BlocksOfSignalsEndSoToo) {
  Generator generator(4);
  BatchNorm1d norm(3);
  ReLU joined;
  Variable x = randn({2, 3, 5}, generator), shortcut = randn({2, 3, 5}, generator);
  Tensor apart = relu(norm(x) + shortcut).data();
  Tensor y = add_relu(norm, joined, x, shortcut).data();
  EXPECT_TRUE(allclose(y, apart, 1e-6, 1e-6));
}

TEST(Fusion, IsPlannedOnceForWhatItDependsOn) {
  Sequential net;
  Generator generator(1);
  net.add<Conv2d>(2, 2, 3, Conv2dOptions{.padding = 1}).add<BatchNorm2d>(2).add<ReLU>();
  net.reset(generator);
  auto plans_after = [&](const Shape& shape, Dtype dtype = Dtype::f32) {
    net(Variable(rand(shape, generator).to(dtype), true));
    return net.chain().plans_made();
  };
  EXPECT_EQ(plans_after({4, 2, 8, 8}), 1);
  EXPECT_EQ(plans_after({4, 2, 8, 8}), 1);
  EXPECT_EQ(plans_after({3, 2, 8, 8}), 1) << "the last batch of an epoch is smaller";
  net.eval();
  EXPECT_EQ(plans_after({4, 2, 8, 8}), 1) << "nothing depends on the mode";
  EXPECT_EQ(plans_after({4, 2, 8, 9}), 2);
  EXPECT_EQ(plans_after({4, 2, 8, 9}), 2);
  net.to(Dtype::f64);
  EXPECT_EQ(plans_after({4, 2, 8, 9}, Dtype::f64), 3);
  net.to(Dtype::f32);
  EXPECT_EQ(plans_after({4, 2, 8, 9}), 4);
  {
    Autocast autocast(Dtype::bf16);
    EXPECT_EQ(plans_after({4, 2, 8, 9}), 5);
  }
  EXPECT_EQ(plans_after({4, 2, 8, 9}), 6);
  {
    ForwardHook watched(see_nothing);
    EXPECT_EQ(plans_after({4, 2, 8, 9}), 6);
  }
  EXPECT_EQ(plans_after({4, 2, 8, 9}), 6);
  net.add<MaxPool2d>(2);
  EXPECT_EQ(plans_after({4, 2, 8, 9}), 7);
}

// What was added after a plan takes part: the pooling that joins, and the layer that does not.
TEST(Fusion, AddingDropsThePlan) {
  Sequential net;
  net.add<BatchNorm2d>(2).add<ReLU>();
  EXPECT_EQ(last_node(net, {1, 2, 4, 4}), "batch_norm");
  net.add<MaxPool2d>(2);
  EXPECT_EQ(net(Variable(ones({2, 2, 4, 4}), true)).shape(), (Shape{2, 2, 2, 2}));
}

TEST(Fusion, AFailedFirstForwardLeavesNoPlan) {
  Sequential net;
  net.add<BatchNorm2d>(2).add<ReLU>().add<Linear>(4, 3);
  Generator generator(1);
  net.reset(generator);
  EXPECT_THROW(net(rand({2, 2, 5, 5}, generator)), Error);
  EXPECT_EQ(net.chain().plans_made(), 0);
  EXPECT_EQ(net(rand({2, 2, 5, 4}, generator)).shape(), (Shape{2, 2, 5, 3}));
  EXPECT_EQ(net.chain().plans_made(), 1);
}

// Also those of a block, and the one ReLU both times.
TEST(Fusion, HooksSeeEveryLayer) {
  auto net = every_kind();
  net->eval();
  Variable x(ones({1, 3, 6, 6}));
  (*net)(x);
  std::string seen;
  ForwardHook hook([&](Module& module, const Variable&, const Variable&) {
    seen += module.type() + (joins_layer_before(module) ? "+ " : " ");
  });
  (*net)(x);
  EXPECT_EQ(seen,
            "Conv2d BatchNorm2d ReLU+ Conv2d BatchNorm2d ReLU+ Conv2d BatchNorm2d ReLU+ Block "
            "Conv2d ReLU+ BatchNorm2d ReLU+ MaxPool2d+ Conv2d BatchNorm2d Sequential ");
}

TEST(Fusion, SummaryShowsWhatJoins) {
  auto net = every_kind();
  Summary summary = summarize(*net, {1, 3, 6, 6});
  std::vector<std::string> joining;
  for (const Summary::Row& row : summary.rows)
    if (row.joins) joining.push_back(row.name);
  EXPECT_EQ(joining, (std::vector<std::string>{"2", "3.relu", "3.relu", "5", "7", "8"}));
  EXPECT_EQ(summary.rows.size(), 16U);
  EXPECT_EQ(summary.rows[8].name, "3.relu");  // after the sum
  EXPECT_EQ(summary.rows[12].output, (Shape{1, 5, 6, 6}));
  EXPECT_EQ(summary.rows[13].output, (Shape{1, 5, 3, 2}));
  std::ostringstream text;
  text << summary;
  EXPECT_TRUE(contains(text.str(), "3.relu   + ReLU ")) << text.str();
  EXPECT_TRUE(contains(text.str(), "8        + MaxPool2d  2 × 3, stride 2 × 3")) << text.str();
}

}  // namespace
}  // namespace melgrad
