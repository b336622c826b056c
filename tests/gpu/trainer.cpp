// The harness's training on the GPU: by recorded steps it gives the bits of the ordinary one.
#include <gtest/gtest.h>

#include "apps/harness/interrupt.h"
#include "tests/gpu/gpu.h"
#include "tests/harness/short_training.h"

namespace melgrad {
namespace {

Outcome train_on_gpu(const Training& training, const std::filesystem::path& checkpoint = {},
                     bool resume = false, i64 stop_at = -1) {
  return train(training, checkpoint, resume, stop_at, Device::cuda());
}

// Batches of 9: four whole ones an epoch, and one of 4 clips that is not recorded. The plateau rule
// halves the learning rate after each epoch but the first.
Training graph_training() {
  Training training = short_training();
  training.batch = 9;
  training.epochs = 3;
  training.plateau = {.factor = .5, .patience = 0, .threshold = .9};
  training.cuda_graph = true;
  return training;
}
Training without_graph(Training training) {
  training.cuda_graph = false;
  return training;
}

TEST(TrainerOnGpu, RecordedStepsTrainBitForBitAsOrdinaryOnes) {
  for (bool bf16 : {false, true}) {
    SCOPED_TRACE(bf16 ? "bf16" : "f32");
    Training training = graph_training();
    training.bf16 = bf16;
    Outcome by_graph = train_on_gpu(training);
    expect_same_bits(train_on_gpu(without_graph(training)), by_graph);
    EXPECT_LT(by_graph.fit.history.back().lr, training.lr()) << "no change of lr was tested";
  }
}

TEST(TrainerOnGpu, InputsMayStayOnTheHost) {
  Training training = graph_training();
  training.epochs = 1;
  expect_same_bits(train_on_gpu(training), train(training, {}, false, -1, Device::cuda(), true));
}

TEST(TrainerOnGpu, ARecordedTrainingResumes) {
  std::filesystem::path checkpoint =
      std::filesystem::path(testing::TempDir()) / "melgrad_recorded.safetensors";
  std::filesystem::remove(checkpoint);
  // Host code runs in the first three steps and the last of each epoch: 4 is that of the second.
  InterruptGuard guard;
  EXPECT_THROW(train_on_gpu(graph_training(), checkpoint, false, 4), Interrupted);
  InterruptGuard afresh;
  expect_same_bits(train_on_gpu(graph_training()),
                   train_on_gpu(graph_training(), checkpoint, true));
}

TEST(TrainerOnGpu, ADivergedRecordedTrainingSaysInWhichStep) {
  Training training = graph_training();
  training.optimizer = SGDSettings{.lr = 1e38};
  training.clip_norm = 0;
  std::string ended = train_on_gpu(training).fit.ended;
  EXPECT_EQ(ended.rfind("diverged: the loss is ", 0), 0u) << ended;
  EXPECT_EQ(ended, train_on_gpu(without_graph(training)).fit.ended);
}

TEST(TrainerOnGpu, RefusesWhatCannotBeRecorded) {
  EXPECT_THROW(train(graph_training()), Error) << "on the CPU";
  Training training = graph_training();
  training.batch = clips;
  EXPECT_THROW(train_on_gpu(training), Error) << "no whole batch";
}

}  // namespace
}  // namespace melgrad
