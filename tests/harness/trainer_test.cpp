#include "apps/harness/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "apps/harness/interrupt.h"
#include "apps/harness/progress.h"
#include "kernels/error.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "tensor/file.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr i64 pixels = 6, clips = 60;

// Class 1 is brighter on the left; noise makes it learnable, but not at once.
StudyData two_classes() {
  StudyData data;
  data.collection.classes = {"dark", "bright"};
  Generator generator(11);
  for (i64 i = 0; i < clips; ++i)
    data.collection.examples.push_back({"clip" + std::to_string(i) + ".png", i % 2, ""});
  data.offsets.assign(clips, 0);
  data.inputs = randn({clips, pixels, pixels, 3}, generator);
  for (i64 i = 1; i < clips; i += 2) {
    Tensor left = data.inputs.select(0, i).slice(1, 0, pixels / 2);
    left.copy_(left + .5);
  }
  return data;
}

Split thirds() {
  Split split;
  for (i64 i = 0; i < clips; ++i)
    (i < 40 ? split.train : i < 50 ? split.valid : split.test).push_back(i);
  return split;
}

Training short_training() {
  return {.optimizer = AdamSettings{.lr = 3e-3},
          .batch = 8,
          .epochs = 6,
          .plateau = {.factor = .5, .patience = 1},
          .early_stopping = {.patience = 8},
          .clip_norm = 1};
}

/// With everything that has state: batch norm's buffers, dropout's generator. `stop_at`: the
/// forward pass in training mode during which Ctrl-C is pressed.
class Net final : public Module {
 public:
  explicit Net(i64 stop_at = -1) : stop_at_(stop_at) {
    add_module("layers", layers_);
    layers_.add<Conv2d>(3, 4, 3).add<BatchNorm2d>(4).add<Flatten>().add<Dropout>(.3).add<Linear>(
        4 * (pixels - 2) * (pixels - 2), 2);
  }
  std::string type() const override { return "Net"; }
  Variable forward(const Variable& x) override {
    if (training() && stop_at_-- == 0) std::raise(SIGINT);
    return layers_(x);
  }

 private:
  i64 stop_at_;
  Sequential layers_;
};

struct Outcome {
  Fit fit;
  std::map<std::string, std::vector<float>> weights;
};

fs::path scratch(const char* name) {
  fs::path folder = fs::path(testing::TempDir()) / "melgrad_trainer";
  fs::create_directories(folder);
  return folder / name;
}

Outcome train(const Training& training, const fs::path& checkpoint = {}, bool resume = false,
              i64 stop_at = -1) {
  StudyData data = two_classes();
  Split split = thirds();
  Net net(stop_at);
  Generator initial(5);
  net.reset(initial);
  Generator masks(5);
  net.set_generator(masks);
  Trainer trainer(net, masks, data, split, training, 5);
  if (resume) trainer.load(checkpoint);
  Progress progress("test", 1);
  Outcome outcome;
  outcome.fit = trainer.run(checkpoint, progress);
  for (const auto& [name, value] : net.state_dict())
    outcome.weights[name] = value.to(Dtype::f32).to_vector<float>();
  return outcome;
}

void expect_same_bits(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.fit.best_epoch, b.fit.best_epoch);
  EXPECT_EQ(a.fit.ended, b.fit.ended);
  EXPECT_EQ(a.fit.scores.test_loss, b.fit.scores.test_loss);
  EXPECT_EQ(a.fit.confusion.counts(), b.fit.confusion.counts());
  ASSERT_EQ(a.fit.history.size(), b.fit.history.size());
  for (std::size_t i = 0; i < a.fit.history.size(); ++i) {
    const Epoch &x = a.fit.history[i], &y = b.fit.history[i];
    EXPECT_EQ(x.train_loss, y.train_loss) << "epoch " << i;
    EXPECT_EQ(x.train_accuracy, y.train_accuracy) << "epoch " << i;
    EXPECT_EQ(x.valid_loss, y.valid_loss) << "epoch " << i;
    EXPECT_EQ(x.lr, y.lr) << "epoch " << i;
  }
}

TEST(Trainer, Learns) {
  Training training = short_training();
  training.epochs = 20;
  Outcome outcome = train(training);
  EXPECT_LT(outcome.fit.history.back().train_loss, .7 * outcome.fit.history[0].train_loss);
  EXPECT_FALSE(outcome.fit.diverged);
  EXPECT_EQ(outcome.fit.predictions.size(), 10u);
  EXPECT_EQ(outcome.fit.confusion.total(), 10);
}

TEST(Trainer, TestsTheWeightsOfTheBestEpoch) {
  Outcome outcome = train(short_training());
  const auto& history = outcome.fit.history;
  auto lowest =
      std::min_element(history.begin(), history.end(),
                       [](const Epoch& a, const Epoch& b) { return a.valid_loss < b.valid_loss; });
  EXPECT_EQ(outcome.fit.best_epoch, lowest - history.begin());
}

TEST(Trainer, TheSeedDecides) {
  expect_same_bits(train(short_training()), train(short_training()));
}

// 40 clips in batches of 8 are 5 steps an epoch; step 10 ends the second epoch, 13 is within the
// third, 0 is the first of all.
TEST(Trainer, ResumedEqualsUninterruptedBitForBit) {
  Outcome straight = train(short_training());
  for (i64 stop_at : {0, 9, 12, 28, 29}) {
    SCOPED_TRACE(stop_at);
    fs::path checkpoint = scratch("resume.safetensors");
    fs::remove(checkpoint);
    InterruptGuard guard;
    EXPECT_THROW(train(short_training(), checkpoint, false, stop_at), Interrupted);
    ASSERT_TRUE(fs::exists(checkpoint));
    InterruptGuard afresh;
    expect_same_bits(straight, train(short_training(), checkpoint, true));
  }
}

TEST(Trainer, ResumesTwiceAndAfterTheEnd) {
  Outcome straight = train(short_training());
  fs::path checkpoint = scratch("twice.safetensors");
  InterruptGuard guard;
  EXPECT_THROW(train(short_training(), checkpoint, false, 7), Interrupted);
  InterruptGuard again;
  EXPECT_THROW(train(short_training(), checkpoint, true, 11), Interrupted);
  InterruptGuard last;
  expect_same_bits(straight, train(short_training(), checkpoint, true));
  expect_same_bits(straight, train(short_training(), checkpoint, true));  // the finished one
}

TEST(Trainer, RefusesAStrangersCheckpoint) {
  fs::path checkpoint = scratch("other.safetensors");
  write_file(checkpoint, "not a checkpoint");
  EXPECT_THROW(train(short_training(), checkpoint, true), Error);
}

TEST(Trainer, ADivergedNetIsAResultNotACrash) {
  Training training = short_training();
  training.optimizer = SGDSettings{.lr = 1e38};
  training.clip_norm = 0;
  Outcome outcome = train(training);
  EXPECT_TRUE(outcome.fit.diverged);
  EXPECT_NE(outcome.fit.ended.find("diverged"), std::string::npos) << outcome.fit.ended;
}

TEST(Trainer, PatienceDoesNotCountBeforeTheStep) {
  Training training = short_training();
  training.optimizer = AdamSettings{.lr = 1e-12};  // nothing improves by much
  training.epochs = 30;
  training.early_stopping = {.patience = 2, .min_delta = 1, .min_steps = 60};
  // 5 steps an epoch: epoch 12 is the first that counts, epoch 13 the second.
  EXPECT_EQ(train(training).fit.history.size(), 13u);
  training.early_stopping.min_steps = 0;
  EXPECT_EQ(train(training).fit.history.size(), 3u);  // the first is the best, two are worse
}

TEST(Trainer, Bf16LearnsToo) {
  Training training = short_training();
  training.bf16 = true;
  Outcome outcome = train(training);
  EXPECT_FALSE(outcome.fit.diverged);
  EXPECT_LT(outcome.fit.history.back().train_loss, outcome.fit.history[0].train_loss);
}

TEST(Trainer, AFullDiskLeavesTheOldCheckpoint) {
  fs::path checkpoint = scratch("full.safetensors");
  fs::remove(checkpoint);
  InterruptGuard guard;
  EXPECT_THROW(train(short_training(), checkpoint, false, 12), Interrupted);
  std::string before = read_file(checkpoint);

  {
    FullDisk disk(1000);
    InterruptGuard afresh;
    EXPECT_THROW(train(short_training(), checkpoint, true), Error);
  }
  EXPECT_EQ(read_file(checkpoint), before);
  expect_same_bits(train(short_training()), train(short_training(), checkpoint, true));
}

TEST(Trainer, NeedsAllThreeParts) {
  StudyData data = two_classes();
  Split split = thirds();
  split.valid.clear();
  Net net;
  Generator generator(1);
  net.reset(generator);
  EXPECT_THROW(Trainer(net, generator, data, split, short_training(), 1), Error);
}

TEST(TrimClasses, KeepsAsManyOfEachAndTheSameForASeed) {
  StudyData data = two_classes();
  for (i64 i = 0; i < 20; ++i) data.collection.examples[static_cast<std::size_t>(i)].label = 0;
  StudyData trimmed = trim_classes(data, 3);
  EXPECT_EQ(trimmed.collection.counts(), (std::vector<i64>{20, 20}));
  EXPECT_EQ(trimmed.inputs.dim(0), 40);
  StudyData again = trim_classes(data, 3);
  EXPECT_TRUE(equal(trimmed.inputs, again.inputs));
  EXPECT_FALSE(equal(trimmed.inputs, trim_classes(data, 4).inputs));
}

}  // namespace
}  // namespace melgrad
