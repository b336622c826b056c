// The harness's training on the GPU: by recorded steps it gives the bits of the ordinary one.
#include <gtest/gtest.h>

#include "apps/harness/console/interrupt.h"
#include "tests/gpu/gpu.h"
#include "tests/harness/short_training.h"

namespace melgrad {
namespace {

Doing on_gpu() { return {.device = Device::cuda()}; }

Outcome train_on_gpu(const Recipe& recipe) { return train(recipe, on_gpu()); }

// Batches of 9: four whole ones an epoch, and one of 4 clips that is not recorded. The plateau rule
// halves the learning rate after each epoch but the first.
Recipe graph_recipe() {
  Recipe recipe = short_recipe();
  recipe.batch = 9;
  recipe.stages = {
      {.epochs = 3, .course = PlateauSettings{.factor = .5, .patience = 0, .threshold = .9}}};
  recipe.cuda_graph = true;
  return recipe;
}
Recipe without_graph(Recipe recipe) {
  recipe.cuda_graph = false;
  return recipe;
}

TEST(TrainerOnGpu, RecordedStepsTrainBitForBitAsOrdinaryOnes) {
  for (bool bf16 : {false, true}) {
    SCOPED_TRACE(bf16 ? "bf16" : "f32");
    Recipe recipe = graph_recipe();
    recipe.bf16 = bf16;
    Outcome by_graph = train_on_gpu(recipe);
    expect_same_bits(train_on_gpu(without_graph(recipe)), by_graph);
    EXPECT_LT(by_graph.fit.history.back().lr, recipe.lr()) << "no change of lr was tested";
  }
}

TEST(TrainerOnGpu, InputsMayStayOnTheHost) {
  Recipe recipe = graph_recipe();
  recipe.stages.front().epochs = 1;
  expect_same_bits(train_on_gpu(recipe),
                   train(recipe, {.device = Device::cuda(), .inputs_on_host = true}));
}

TEST(TrainerOnGpu, ARecordedTrainingResumes) {
  std::filesystem::path checkpoint =
      std::filesystem::path(testing::TempDir()) / "melgrad_recorded.safetensors";
  std::filesystem::remove(checkpoint);
  // Host code runs in the first three steps and the last of each epoch: 4 is that of the second.
  InterruptGuard guard;
  EXPECT_THROW(
      train(graph_recipe(), {.checkpoint = checkpoint, .stop_at = 4, .device = Device::cuda()}),
      Interrupted);
  InterruptGuard afresh;
  expect_same_bits(
      train_on_gpu(graph_recipe()),
      train(graph_recipe(), {.checkpoint = checkpoint, .resume = true, .device = Device::cuda()}));
}

/// Rates that change with every step, parameters that begin to train later, mixed pairs, views.
Recipe graph_stages() {
  Recipe recipe = graph_recipe();
  recipe.objective.mixup = .4;
  recipe.stages = {{.epochs = 2, .train = {"layers.4.*"}, .course = OneCycle{}},
                   {.epochs = 2, .factors = {{"layers.0.*", .1}}, .course = Cosine{}}};
  return recipe;
}

TEST(TrainerOnGpu, StagesAreRecordedAnew) {
  Doing doing = on_gpu();
  doing.view = {.normalise = NormaliseBy::training_part,
                .augmentation = {.time_flip = .5, .noise = .1},
                .test = {.copies = 2}};
  expect_same_bits(train(without_graph(graph_stages()), doing), train(graph_stages(), doing));
}

// The same clips, orders, mixtures and masks; sums are in another order. Weights that are off by √64 · 2⁻²⁴, as if of the longest sum
// (tests/gpu/bounds.cpp), moved the CPU's losses, near .7, by up to 1.9e-7 in 20 steps.
TEST(TrainerOnGpu, TrainsAsTheCpuDoes) {
  Recipe recipe = without_graph(graph_stages());
  Outcome cpu = train(recipe), gpu = train_on_gpu(recipe);
  ASSERT_EQ(cpu.fit.history.size(), gpu.fit.history.size());
  for (std::size_t i = 0; i < cpu.fit.history.size(); ++i)
    EXPECT_NEAR(cpu.fit.history[i].train_loss, gpu.fit.history[i].train_loss, 1e-6) << i;
}

TEST(TrainerOnGpu, ADivergedRecordedTrainingSaysInWhichBatch) {
  Recipe recipe = graph_recipe();
  recipe.optimizer = SGDSettings{.lr = 1e38};
  recipe.clip_norm = 0;
  std::string ended = train_on_gpu(recipe).fit.ended;
  EXPECT_EQ(ended.rfind("diverged: the loss is ", 0), 0u) << ended;
  EXPECT_EQ(ended, train_on_gpu(without_graph(recipe)).fit.ended);
}

// What a GPU says of a batch arrives some batches later.
TEST(TrainerOnGpu, ADivergenceIsOfTheBatchThatItCameWith) {
  Recipe recipe = short_recipe();
  recipe.optimizer = SGDSettings{.lr = 1e38};
  recipe.clip_norm = 0;
  recipe.batch = 1;
  auto batch = [](const Outcome& outcome) {
    return outcome.fit.ended.substr(outcome.fit.ended.find(" in batch "));
  };
  EXPECT_EQ(batch(train_on_gpu(recipe)), " in batch 2 of epoch 1");
  EXPECT_EQ(batch(train(recipe)), " in batch 2 of epoch 1");
}

TEST(TrainerOnGpu, RefusesWhatCannotBeRecorded) {
  EXPECT_THROW(train(graph_recipe()), Error) << "on the CPU";
  Recipe recipe = graph_recipe();
  recipe.batch = clips;
  EXPECT_THROW(train_on_gpu(recipe), Error) << "no whole batch";
  Recipe accumulating = graph_recipe();
  accumulating.accumulate = 2;
  EXPECT_THROW(train_on_gpu(accumulating), Error);
}

}  // namespace
}  // namespace melgrad
