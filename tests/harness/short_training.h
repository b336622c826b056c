#pragma once
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "apps/harness/console/progress.h"
#include "apps/harness/training/trainer.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "tensor/ops.h"
#include "tensor/random.h"

/// A training that takes a fraction of a second, on the CPU or a GPU.
namespace melgrad {

inline constexpr i64 pixels = 6, clips = 60;

// Class 1 is brighter on the left; noise makes it learnable, but not at once.
inline Examples two_classes() {
  Collection collection;
  collection.classes = {"dark", "bright"};
  Generator generator(11);
  for (i64 i = 0; i < clips; ++i)
    collection.examples.push_back({"clip" + std::to_string(i) + ".png", i % 2, ""});
  Tensor rows = randn({clips, pixels, pixels, 3}, generator);
  for (i64 i = 1; i < clips; i += 2) {
    Tensor left = rows.select(0, i).slice(1, 0, pixels / 2);
    left.copy_(left + .5);
  }
  Input input{.name = "noise", .recipe = Picture{.height = pixels, .width = pixels}};
  return Examples(collection, input, rows);
}

inline Split thirds() {
  Split split;
  for (i64 i = 0; i < clips; ++i)
    (i < 40 ? split.train : i < 50 ? split.valid : split.test).push_back(i);
  return split;
}

inline Recipe short_recipe() {
  return {.optimizer = AdamSettings{.lr = 3e-3},
          .batch = 8,
          .stages = {{.epochs = 6, .course = PlateauSettings{.factor = .5, .patience = 1}}},
          .early_stopping = EarlyStoppingSettings{.patience = 8},
          .clip_norm = 1};
}

/// With everything that has state: batch norm's buffers, dropout's generator. `stop_at`: the
/// forward pass in training mode during which `signal` comes, Ctrl-C by default.
class Net final : public Module {
 public:
  explicit Net(i64 stop_at = -1, int signal = SIGINT) : stop_at_(stop_at), signal_(signal) {
    add_module("layers", layers_);
    layers_.add<Conv2d>(3, 4, 3).add<BatchNorm2d>(4).add<Flatten>().add<Dropout>(.3).add<Linear>(
        4 * (pixels - 2) * (pixels - 2), 2);
  }
  std::string type() const override { return "Net"; }
  Variable forward(const Variable& x) override {
    if (training() && stop_at_-- == 0) std::raise(signal_);
    return layers_(x);
  }

 private:
  i64 stop_at_;
  int signal_;
  Sequential layers_;
};

using Weights = std::map<std::string, std::vector<float>>;

inline Weights weights_of(const Module& net) {
  Weights weights;
  for (const auto& [name, value] : net.state_dict())
    weights[name] = value.to(Dtype::f32).to_vector<float>();
  return weights;
}

struct Outcome {
  Fit fit;
  Weights weights;
};

/// How one training is done, where it is not done as usual.
struct Doing {
  std::filesystem::path checkpoint = {};
  bool resume = false;
  i64 stop_at = -1;
  int signal = SIGINT;
  Device device = {};
  bool inputs_on_host = false;
  View view = {};
  Split split = thirds();
};

inline Outcome train(const Recipe& recipe, const Doing& doing = {}) {
  Examples examples = two_classes();
  if (!doing.inputs_on_host && !doing.device.is_cpu()) examples.to(doing.device);
  Net net(doing.stop_at, doing.signal);
  Generator initial(5);
  net.reset(initial);
  Generator masks(5, doing.device);
  net.set_generator(masks);
  net.to(doing.device);
  FittedView view(examples, doing.view, doing.split.train);
  Trainer trainer(net, masks, {examples, view, doing.split}, recipe, 5);
  if (doing.resume) trainer.load(doing.checkpoint);
  Progress progress = Progress::silent();
  Outcome outcome;
  outcome.fit = trainer.run(doing.checkpoint, progress);
  outcome.weights = weights_of(net);
  return outcome;
}

inline void expect_same_bits(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.fit.best_epoch, b.fit.best_epoch);
  EXPECT_EQ(a.fit.ended, b.fit.ended);
  EXPECT_EQ(a.fit.measured, b.fit.measured);
  EXPECT_EQ(a.fit.confusion.counts(), b.fit.confusion.counts());
  ASSERT_EQ(a.fit.history.size(), b.fit.history.size());
  for (std::size_t i = 0; i < a.fit.history.size(); ++i) {
    const Epoch &x = a.fit.history[i], &y = b.fit.history[i];
    EXPECT_EQ(x.train_loss, y.train_loss) << "epoch " << i;
    EXPECT_EQ(x.train_accuracy, y.train_accuracy) << "epoch " << i;
    EXPECT_EQ(x.valid_loss, y.valid_loss) << "epoch " << i;
    EXPECT_EQ(x.valid_accuracy, y.valid_accuracy) << "epoch " << i;
    EXPECT_EQ(x.lr, y.lr) << "epoch " << i;
  }
}

}  // namespace melgrad
