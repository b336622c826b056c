#include "apps/harness/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "apps/harness/interrupt.h"
#include "kernels/error.h"
#include "tensor/files/file.h"
#include "tests/harness/short_training.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

fs::path scratch(const char* name) {
  fs::path folder = fs::path(testing::TempDir()) / "melgrad_trainer";
  fs::create_directories(folder);
  return folder / name;
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
