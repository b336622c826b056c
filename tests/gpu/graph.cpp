// A recorded step repeats what the step does, bit for bit.
#include <gtest/gtest.h>

#include <limits>

#include "kernels/profile/profile.h"
#include "kernels/step_graph.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/rnn.h"
#include "layers/sequential.h"
#include "optim/adam.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

/// Convolution and LSTM, with dropout and batch norm.
class Net final : public Module {
 public:
  Net() {
    features_.add<Conv2d>(3, 8, 3, Conv2dOptions{.padding = 1}).add<BatchNorm2d>(8).add<ReLU>();
    features_.add<MaxPool2d>(2).add<Conv2d>(8, 8, 1).add<ReLU>().add<Dropout>(.5);
    add_module("features", features_);
    add_module("rnn", rnn_);
    add_module("classifier", classifier_);
  }
  std::string type() const override { return "Net"; }
  Variable forward(const Variable& x) override {
    Variable columns = flatten(permute(features_(x), {3, 0, 1, 2}), 2);  // (W, N, C·H)
    return classifier_(select(rnn_(columns), 0, -1));
  }

 private:
  Sequential features_;
  LSTM rnn_{8 * 4, 6};
  Linear classifier_{6, 4};
};

/// A small net with all that changes from step to step: batches, dropout masks, running statistics,
/// Adam's bias correction and the learning rate.
class Training {
 public:
  Training() : masks_(3, gpu), batches_(4) {
    Generator initial(1);
    net_.reset(initial);
    net_.set_generator(masks_);
    net_.to(gpu);
    optimizer_ = std::make_unique<Adam>(net_.parameters(), AdamSettings{.lr = .01});
    x_ = empty({5, 3, 8, 8}, Dtype::f32, gpu);
    labels_ = from_vector(std::vector<i64>{0, 3, 1, 2, 2}).to(gpu);
  }

  void next_batch() { x_.copy_(rand(x_.shape(), batches_).to(gpu)); }
  void step() {
    optimizer_->zero_grad();
    Variable loss = cross_entropy(net_(x_), labels_);
    loss.backward();
    optimizer_->step();
    loss_ = loss.data();
  }
  Optimizer& optimizer() { return *optimizer_; }
  double loss() const { return loss_.item(); }
  std::vector<std::vector<float>> state() const {
    std::vector<std::vector<float>> values;
    for (const auto& [name, value] : net_.state_dict()) values.push_back(value.to_vector<float>());
    return values;
  }

 private:
  const Device gpu = Device::cuda();
  Net net_;
  Generator masks_, batches_;
  std::unique_ptr<Optimizer> optimizer_;
  Tensor x_, labels_, loss_;
};

// Takes freed memory and spoils it: a graph's own memory must not be among it.
void spoil_free_memory() {
  std::vector<Tensor> taken;
  for (i64 n = 1; n < 5000; n = n * 5 / 4 + 1) {
    for (int again = 0; again < 8; ++again)
      taken.push_back(
          full({n}, std::numeric_limits<double>::quiet_NaN(), Dtype::f32, Device::cuda()));
  }
}

TEST(StepGraphOnGpu, RepeatsTheStepBitForBit) {
  constexpr int steps = 8;
  std::vector<double> losses;
  std::vector<std::vector<float>> state;
  {
    Training eager;
    for (int i = 0; i < steps; ++i) {
      if (i == 5) eager.optimizer().set_lr(.003);
      eager.next_batch();
      eager.step();
      losses.push_back(eager.loss());
    }
    state = eager.state();
  }
  Training training;
  int calls = 0;
  StepGraph graph(Device::cuda(), [&] {
    training.step();
    ++calls;
  });
  for (int i = 0; i < steps; ++i) {
    if (i == 5) training.optimizer().set_lr(.003);
    training.next_batch();
    graph.run();
    EXPECT_EQ(training.loss(), losses[static_cast<std::size_t>(i)]) << "step " << i;
    spoil_free_memory();
  }
  EXPECT_EQ(training.state(), state);
  EXPECT_TRUE(graph.is_recorded());
  EXPECT_EQ(calls, 3) << "two ordinary runs and the recording; the rest are replays";
}

TEST(StepGraphOnGpu, GivesItsMemoryBack) {
  Backend& gpu = backend(Device::cuda());
  auto in_use = [&] { return gpu.memory_stats().in_use; };
  std::size_t before = in_use();
  {
    Training training;
    StepGraph graph(Device::cuda(), [&] { training.step(); });
    training.next_batch();
    for (int i = 0; i < 4; ++i) graph.run();
    i64 allocations = gpu.memory_stats().system_allocations;
    for (int i = 0; i < 4; ++i) graph.run();
    EXPECT_EQ(gpu.memory_stats().system_allocations, allocations);
  }
  EXPECT_EQ(in_use(), before);
}

std::string refusal(const std::function<void()>& step) {
  StepGraph graph(Device::cuda(), step);
  graph.run();
  graph.run();
  try {
    graph.run();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(StepGraphOnGpu, RefusesWhatNeedsTheHost) {
  Tensor x = ones({4}, Dtype::f32, Device::cuda());
  EXPECT_NE(refusal([&] { sum(x).item(); }).find("a value is read back"), std::string::npos);
  EXPECT_NE(refusal([&] { x.copy_(ones({4}).to(Device::cuda())); }).find("comes from the host"),
            std::string::npos);
  EXPECT_NE(refusal([&] { backend(Device::cuda()).synchronize(); }).find("waits for the GPU"),
            std::string::npos);
  // The step's own errors come through, and the device works on.
  int runs = 0;
  EXPECT_NE(refusal([&] { check(++runs < 3, "step", "had enough"); }).find("had enough"),
            std::string::npos);
  EXPECT_EQ(sum(x).item(), 4);
}

TEST(StepGraphOnGpu, HasNoTimesToProfile) {
  Profile profile;
  EXPECT_THROW(StepGraph(Device::cuda(), [] {}), Error);
}

TEST(StepGraphOnGpu, NeedsAGpu) {
  EXPECT_THROW(StepGraph(Device::cpu(), [] {}), Error);
}

}  // namespace
}  // namespace melgrad
