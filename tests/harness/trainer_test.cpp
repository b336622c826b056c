#include "apps/harness/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <set>

#include "apps/harness/console/interrupt.h"
#include "kernels/error.h"
#include "tensor/files/file.h"
#include "tests/error_of.h"
#include "tests/harness/short_training.h"
#include "tests/temporary_folder.h"

// What a training does from its first step to its last, and what it does when it is stopped.
namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// Trains, stops at a signal in the middle.
void stop_in_the_middle(const Recipe& recipe, const fs::path& checkpoint, i64 stop_at,
                        bool resume = false, int signal = SIGINT) {
  InterruptGuard guard;
  EXPECT_THROW(
      train(recipe,
            {.checkpoint = checkpoint, .resume = resume, .stop_at = stop_at, .signal = signal}),
      Interrupted);
  ASSERT_TRUE(fs::exists(checkpoint));
}

Outcome go_on(const Recipe& recipe, const fs::path& checkpoint) {
  InterruptGuard guard;
  return train(recipe, {.checkpoint = checkpoint, .resume = true});
}

/// The best epoch is neither the first nor the last: a rate that is much too high.
Recipe overshooting() {
  Recipe recipe = short_recipe();
  recipe.optimizer = AdamSettings{.lr = .05};
  recipe.stages = {{.epochs = 12}};
  recipe.early_stopping.reset();
  return recipe;
}

/// What a net with these weights says, by itself.
Evaluation evaluation_of(const Weights& weights, const std::vector<i64>& indices, i64 batch) {
  Examples examples = two_classes();
  Net net;
  StateDict state = net.state_dict();
  for (auto& [name, tensor] : state)
    tensor = from_vector(weights.at(name), tensor.shape()).to(tensor.dtype());
  net.load_state_dict(state);
  FittedView view(examples, {}, thirds().train);
  return evaluate(net, examples, view, indices, batch);
}

TEST(Trainer, Learns) {
  Recipe recipe = short_recipe();
  recipe.stages.front().epochs = 20;
  Outcome outcome = train(recipe);
  EXPECT_LT(outcome.fit.history.back().train_loss, .7 * outcome.fit.history[0].train_loss);
  EXPECT_FALSE(outcome.fit.diverged);
  EXPECT_EQ(outcome.fit.predictions.size(), 10u);
  EXPECT_EQ(outcome.fit.confusion.total(), 10);
}

TEST(Trainer, TestsTheWeightsOfTheBestEpoch) {
  Outcome outcome = train(overshooting());
  const auto& history = outcome.fit.history;
  auto lowest =
      std::min_element(history.begin(), history.end(),
                       [](const Epoch& a, const Epoch& b) { return a.valid_loss < b.valid_loss; });
  i64 best = lowest - history.begin();
  EXPECT_EQ(outcome.fit.best_epoch, best);
  ASSERT_GT(best, 0) << "the test shows nothing";
  ASSERT_LT(best, 11) << "the test shows nothing";
  Evaluation valid = evaluation_of(outcome.weights, thirds().valid, 8);
  EXPECT_EQ(valid.loss, lowest->valid_loss);
  EXPECT_EQ(valid.accuracy, lowest->valid_accuracy);
  Evaluation test = evaluation_of(outcome.weights, thirds().test, 8);
  EXPECT_EQ(test.loss, outcome.fit.measured.at("loss"));
  EXPECT_EQ(test.accuracy, outcome.fit.measured.at("accuracy"));
  for (std::size_t i = 0; i < test.predictions.size(); ++i)
    EXPECT_EQ(test.predictions[i].strengths, outcome.fit.predictions[i].strengths);
}

// Of 40 clips to learn from 28 are dark: these weigh 40/56, bright ones 40/24.
TEST(Trainer, BalancedClassesWeighInTheValidationLossToo) {
  Split split = thirds();
  std::erase_if(split.train, [](i64 i) { return i % 2 == 1 && i > 24; });
  split.train.insert(split.train.end(), {50, 52, 54, 56, 58, 40, 42, 44});
  split.valid = {41, 43, 45, 46, 47, 48, 49};
  Recipe recipe = short_recipe();
  recipe.stages.front().epochs = 1;
  recipe.tested = Tested::last;
  recipe.objective.balanced = true;
  Outcome outcome = train(recipe, {.split = split});
  Evaluation valid = evaluation_of(outcome.weights, split.valid, 3);
  std::vector<i64> labels = two_classes().labels(split.valid);
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    double weight = labels[i] == 0 ? 40. / 56 : 40. / 24;
    sum -= weight * std::log(valid.predictions[i].strengths[static_cast<std::size_t>(labels[i])]);
    weights += weight;
  }
  EXPECT_NEAR(outcome.fit.history[0].valid_loss, sum / weights, 1e-5);
  EXPECT_GT(std::abs(sum / weights - valid.loss), 1e-3) << "the test shows nothing";
  recipe.objective.balanced = false;
  EXPECT_NE(train(recipe, {.split = split}).weights, outcome.weights);
}

TEST(Trainer, OrTheLastWeights) {
  Recipe recipe = overshooting();
  recipe.tested = Tested::last;
  Outcome outcome = train(recipe);
  Evaluation valid = evaluation_of(outcome.weights, thirds().valid, 8);
  EXPECT_EQ(valid.loss, outcome.fit.history.back().valid_loss);
  EXPECT_EQ(evaluation_of(outcome.weights, thirds().test, 8).loss, outcome.fit.measured.at("loss"));
  Fit best = train(overshooting()).fit;  // which tests the best epoch's
  EXPECT_FALSE(best.measured.contains("best epoch: loss"));
  EXPECT_EQ(outcome.fit.measured.at("best epoch: loss"), best.measured.at("loss"));
  EXPECT_EQ(outcome.fit.measured.at("best epoch: accuracy"), best.measured.at("accuracy"));
  EXPECT_NE(best.measured.at("loss"), outcome.fit.measured.at("loss"));
}

TEST(Trainer, WithoutAValidationPartTheLastWeightsAreTested) {
  Recipe recipe = overshooting();
  Split split = thirds();
  split.valid.clear();
  Outcome outcome = train(recipe, {.split = split});
  EXPECT_FALSE(outcome.fit.diverged) << outcome.fit.ended;
  EXPECT_EQ(outcome.fit.history.size(), 12u);
  EXPECT_TRUE(std::isnan(outcome.fit.history.back().valid_loss));
  recipe.tested = Tested::last;
  EXPECT_EQ(train(recipe, {.split = split}).weights, outcome.weights);
  EXPECT_EQ(train(recipe).weights, outcome.weights) << "validating changed what was learnt";

  for (bool by_rate : {false, true}) {
    Recipe watches = overshooting();
    if (by_rate)
      watches.stages.front().course = PlateauSettings{};
    else
      watches.early_stopping = EarlyStoppingSettings{};
    EXPECT_NE(error_of([&] { train(watches, {.split = split}); }).find("which is empty"),
              std::string::npos);
  }
}

TEST(Trainer, AnEvaluationIsTheMeanOverClipsWhateverTheBatches) {
  Outcome outcome = train(short_recipe());
  Evaluation whole = evaluation_of(outcome.weights, thirds().train, 40);
  for (i64 batch : {1, 3, 7, 13}) {
    Evaluation parts = evaluation_of(outcome.weights, thirds().train, batch);
    EXPECT_NEAR(parts.loss, whole.loss, 1e-6) << batch;
    EXPECT_DOUBLE_EQ(parts.accuracy, whole.accuracy) << batch;
  }
  double sum = 0, right = 0;
  std::vector<i64> labels = two_classes().labels(thirds().train);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Prediction& said = whole.predictions[i];
    sum -= std::log(said.strengths[static_cast<std::size_t>(labels[i])]);
    right += said.label == labels[i];
    EXPECT_EQ(said.confidence, said.strengths[static_cast<std::size_t>(said.label)]);
    EXPECT_GE(said.confidence, .5);
  }
  EXPECT_NEAR(whole.loss, sum / 40, 1e-5);
  EXPECT_DOUBLE_EQ(whole.accuracy, right / 40);
}

TEST(Trainer, TheSeedDecides) { expect_same_bits(train(short_recipe()), train(short_recipe())); }

// 40 clips in batches of 8 are 5 steps an epoch; step 10 ends the second epoch, 13 is within the
// third, 0 is the first of all.
TEST(Trainer, ResumedEqualsUninterruptedBitForBit) {
  TemporaryFolder folder;
  Outcome straight = train(short_recipe());
  for (int signal : {SIGINT, SIGTERM})
    for (i64 stop_at : {0, 9, 12, 28, 29}) {
      SCOPED_TRACE(stop_at);
      fs::path checkpoint = folder.path / "resume.safetensors";
      fs::remove(checkpoint);
      stop_in_the_middle(short_recipe(), checkpoint, stop_at, false, signal);
      expect_same_bits(straight, go_on(short_recipe(), checkpoint));
    }
}

/// Two stages with every kind of state: a cycle of rate and momentum, a plateau rule, frozen
/// parameters, factors, more steps than clips, gradients of two batches, mixed pairs.
Recipe two_stages() {
  Recipe recipe = short_recipe();
  recipe.optimizer = AdamWSettings{.lr = 3e-3};
  recipe.no_decay = {"*.bias", "BatchNorm2d:*"};
  recipe.accumulate = 2;
  recipe.objective = {.smoothing = .1, .l2 = {{"layers.4.weight", .01}}, .mixup = .4};
  recipe.stages = {{.epochs = 2,
                    .steps = 4,
                    .train = {"layers.4.*", "BatchNorm2d:*"},
                    .factors = {{"BatchNorm2d:*", .1}},
                    .course = OneCycle{.pct_start = .4, .div = 5, .final_div = 100}},
                   {.epochs = 2, .lr = 2e-3, .forgets = true, .course = Cosine{}},
                   {.epochs = 2, .course = PlateauSettings{.factor = .5, .patience = 0}}};
  return recipe;
}

TEST(Trainer, ResumesInEveryStage) {
  TemporaryFolder folder;
  Outcome straight = train(two_stages());
  ASSERT_EQ(straight.fit.history.size(), 6u);
  // 2 × 8 batches in the first stage, 2 × 5 in each of the others.
  for (i64 stop_at : {2, 7, 8, 11, 15, 16, 21, 25, 26, 27, 30, 35}) {
    SCOPED_TRACE(stop_at);
    fs::path checkpoint = folder.path / "stages.safetensors";
    fs::remove(checkpoint);
    stop_in_the_middle(two_stages(), checkpoint, stop_at);
    expect_same_bits(straight, go_on(two_stages(), checkpoint));
  }
}

TEST(Trainer, ResumesTwiceAndAfterTheEnd) {
  TemporaryFolder folder;
  Outcome straight = train(short_recipe());
  fs::path checkpoint = folder.path / "twice.safetensors";
  stop_in_the_middle(short_recipe(), checkpoint, 7);
  stop_in_the_middle(short_recipe(), checkpoint, 11, true);
  expect_same_bits(straight, go_on(short_recipe(), checkpoint));
  expect_same_bits(straight, go_on(short_recipe(), checkpoint));  // the finished one
}

Recipe with_epochs(Recipe recipe, i64 epochs) {
  recipe.stages.back().epochs = epochs;
  return recipe;
}

TEST(Trainer, GoesOnAfterItsLastEpoch) {
  TemporaryFolder folder;
  fs::path checkpoint = folder.path / "more.safetensors";
  for (const Recipe& recipe : {short_recipe(), overshooting()}) {
    train(with_epochs(recipe, 3), {.checkpoint = checkpoint});
    expect_same_bits(train(recipe), go_on(recipe, checkpoint));
  }
}

TEST(Trainer, DoesNotGoOnWhereItHasMoreEpochsOrALaidOutCourse) {
  TemporaryFolder folder;
  fs::path checkpoint = folder.path / "fewer.safetensors";
  train(with_epochs(short_recipe(), 3), {.checkpoint = checkpoint});
  EXPECT_NE(error_of([&] {
              go_on(with_epochs(short_recipe(), 2), checkpoint);
            }).find("3 epochs already, more than the 2"),
            std::string::npos);
  Recipe cycle = with_epochs(short_recipe(), 3);
  for (const Course& course : {Course{OneCycle{}}, Course{Cosine{}}}) {
    cycle.stages.back().course = course;
    train(cycle, {.checkpoint = checkpoint});
    EXPECT_NE(error_of([&] { go_on(with_epochs(cycle, 4), checkpoint); }).find("epochs: 3 → 4"),
              std::string::npos);
  }
}

TEST(Trainer, OneThatStoppedEarlyStaysStopped) {
  TemporaryFolder folder;
  fs::path checkpoint = folder.path / "early.safetensors";
  Recipe recipe = overshooting();
  recipe.early_stopping = EarlyStoppingSettings{.patience = 2, .min_delta = 10};
  Outcome stopped = train(recipe, {.checkpoint = checkpoint});
  EXPECT_EQ(stopped.fit.ended, "stopped early, after epoch 3");
  expect_same_bits(stopped, go_on(with_epochs(recipe, 40), checkpoint));
}

TEST(Trainer, RefusesAStrangersCheckpoint) {
  TemporaryFolder folder;
  fs::path checkpoint = folder.path / "other.safetensors";
  write_file(checkpoint, "not a checkpoint");
  EXPECT_THROW(train(short_recipe(), {.checkpoint = checkpoint, .resume = true}), Error);
  train(two_stages(), {.checkpoint = checkpoint});
  EXPECT_THROW(train(short_recipe(), {.checkpoint = checkpoint, .resume = true}), Error);
}

TEST(Trainer, ADivergedNetIsAResultNotACrash) {
  Recipe recipe = short_recipe();
  recipe.optimizer = SGDSettings{.lr = 1e38};
  recipe.clip_norm = 0;
  Outcome outcome = train(recipe);
  EXPECT_TRUE(outcome.fit.diverged);
  EXPECT_EQ(outcome.fit.ended.find("diverged: the loss is "), 0u) << outcome.fit.ended;
}

TEST(Trainer, PatienceDoesNotCountBeforeTheStep) {
  Recipe recipe = short_recipe();
  recipe.optimizer = AdamSettings{.lr = 1e-12};  // nothing improves by much
  recipe.stages.front().epochs = 30;
  recipe.early_stopping = EarlyStoppingSettings{.patience = 2, .min_delta = 1, .min_steps = 60};
  // 5 steps an epoch: epoch 12 is the first that counts, epoch 13 the second.
  EXPECT_EQ(train(recipe).fit.history.size(), 13u);
  recipe.early_stopping->min_steps = 0;
  EXPECT_EQ(train(recipe).fit.history.size(), 3u);  // the first is the best, two are worse
}

TEST(Trainer, Bf16LearnsToo) {
  Recipe recipe = short_recipe();
  recipe.bf16 = true;
  Outcome outcome = train(recipe);
  EXPECT_FALSE(outcome.fit.diverged);
  EXPECT_LT(outcome.fit.history.back().train_loss, outcome.fit.history[0].train_loss);
  EXPECT_NE(outcome.weights, train(short_recipe()).weights);
}

TEST(Trainer, AFullDiskLeavesTheOldCheckpoint) {
  TemporaryFolder folder;
  fs::path checkpoint = folder.path / "full.safetensors";
  stop_in_the_middle(short_recipe(), checkpoint, 12);
  std::string before = read_file(checkpoint);
  {
    FullDisk disk(1000);
    EXPECT_THROW(go_on(short_recipe(), checkpoint), Error);
  }
  EXPECT_EQ(read_file(checkpoint), before);
  expect_same_bits(train(short_recipe()), go_on(short_recipe(), checkpoint));
}

TEST(Trainer, NeedsClipsToLearnFromAndToTest) {
  for (bool test : {false, true}) {
    Split split = thirds();
    (test ? split.test : split.train).clear();
    EXPECT_NE(error_of([&] { train(short_recipe(), {.split = split}); }).find("is empty"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace melgrad
