// Schedules against torch.optim.lr_scheduler (fastai's against its formula), and early stopping.
#include <gtest/gtest.h>

#include <cmath>

#include "optim/early_stopping.h"
#include "optim/plateau.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "tensor/files/safetensors.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

const Tensor& golden(const std::string& name) {
  static const auto file = load_safetensors(MELGRAD_TEST_DATA "/goldens/optim.safetensors");
  return file.tensors.at(name);
}

SGD make_optimizer(double momentum = .9) {
  return SGD(NamedParameters{{"w", Variable(zeros({1}), true)}}, {.lr = .5, .momentum = momentum});
}

// Compares lr, and momentum where the golden has it, before each step.
void expect_follows(Optimizer& optimizer, Schedule& schedule, const Tensor& expected) {
  std::vector<double> values = expected.to_vector<double>();
  auto columns = static_cast<std::size_t>(expected.rank() == 2 ? expected.dim(1) : 1);
  for (std::size_t row = 0; row < values.size() / columns; ++row) {
    EXPECT_NEAR(optimizer.lr(), values[row * columns], 1e-14) << "step " << row;
    if (columns == 2) {
      EXPECT_NEAR(optimizer.momentum(), values[row * 2 + 1], 1e-14) << "step " << row;
    }
    schedule.step();
  }
}

TEST(Schedules, StepLR) {
  SGD optimizer = make_optimizer();
  StepLR schedule(optimizer, 7, .3);
  expect_follows(optimizer, schedule, golden("step_lr"));
}

TEST(Schedules, CosineAnnealingLR) {
  SGD optimizer = make_optimizer();
  CosineAnnealingLR schedule(optimizer, 20, 1e-3);
  expect_follows(optimizer, schedule, golden("cosine"));
}

TEST(Schedules, OneCycleLR) {
  SGD optimizer = make_optimizer();
  OneCycleLR schedule(optimizer, {.max_lr = {.3}, .total_steps = 40});
  expect_follows(optimizer, schedule, golden("one_cycle"));
}

TEST(Schedules, FastaiOneCycle) {
  SGD optimizer = make_optimizer();
  OneCycleLR schedule(optimizer, fastai_one_cycle({.3}, 40));
  expect_follows(optimizer, schedule, golden("fastai_one_cycle"));
}

TEST(Schedules, OneCycleHasARateForEachGroup) {
  NamedParameters a{{"a", Variable(zeros({1}), true)}}, b{{"b", Variable(zeros({1}), true)}};
  SGD optimizer(std::vector<ParameterGroup>{{a}, {b}}, {.lr = 1, .momentum = .9});
  OneCycleLR schedule(optimizer, {.max_lr = {.1, 1}, .total_steps = 10});
  EXPECT_DOUBLE_EQ(optimizer.lr(1), 10 * optimizer.lr(0));
  EXPECT_THROW(OneCycleLR(optimizer, {.max_lr = {1, 2, 3}, .total_steps = 10}), Error);
}

// A schedule that starts away from the optimiser's rate sets it when it is made; any sets it when its
// state is loaded.
TEST(Schedules, SetTheRateBeforeTheFirstStep) {
  SGD optimizer = make_optimizer();
  OneCycleLR cycle(optimizer, {.max_lr = {1}, .total_steps = 10, .div = 4});
  EXPECT_EQ(optimizer.lr(), .25);
  EXPECT_EQ(optimizer.momentum(), .95);

  SGD first = make_optimizer(), second = make_optimizer();
  StepLR schedule(first, 1, .5), loaded(second, 1, .5);
  schedule.step();
  loaded.load_state_dict(schedule.state_dict());
  EXPECT_EQ(second.lr(), .25);
}

TEST(Schedules, ResumeFromTheirState) {
  SGD straight = make_optimizer(), resumed = make_optimizer();
  CosineAnnealingLR schedule(straight, 20);
  for (int i = 0; i < 5; ++i) schedule.step();
  resumed.set_lr(straight.lr());  // as the optimiser's own state does
  CosineAnnealingLR again(resumed, 20);
  again.load_state_dict(schedule.state_dict());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(straight.lr(), resumed.lr());
    schedule.step();
    again.step();
  }
}

std::vector<double> plateau_metrics() {
  std::vector<double> metrics = hashed(7, {60}).to_vector<double>();
  for (std::size_t i = 0; i < metrics.size(); ++i)
    metrics[i] = 1 + .3 * metrics[i] / static_cast<double>(i + 1);
  return metrics;
}

void expect_plateau(const PlateauSettings& settings, const Tensor& expected) {
  SGD optimizer = make_optimizer();
  ReduceLROnPlateau plateau(optimizer, settings);
  std::vector<double> metrics = plateau_metrics(), rates = expected.to_vector<double>();
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    plateau.step(metrics[i]);
    EXPECT_NEAR(optimizer.lr(), rates[i], 1e-14) << "epoch " << i;
  }
}

TEST(Plateau, FollowsPyTorch) {
  expect_plateau({.factor = .5, .patience = 2, .cooldown = 1, .min_lr = .02}, golden("plateau"));
}

TEST(Plateau, FollowsPyTorchWhereLargerIsBetter) {
  expect_plateau({.better = Better::larger, .factor = .1, .patience = 1}, golden("plateau_max"));
}

TEST(Plateau, DoesNotCountBeforeMinSteps) {
  Variable w(zeros({1}), true);
  SGD optimizer(NamedParameters{{"w", w}}, {.lr = 1});
  ReduceLROnPlateau plateau(optimizer, {.factor = .5, .patience = 0, .min_steps = 3});
  plateau.step(1);
  for (int epoch = 0; epoch < 3; ++epoch) {
    EXPECT_FALSE(plateau.step(2)) << epoch;
    optimizer.step();
  }
  EXPECT_TRUE(plateau.step(2));
  EXPECT_EQ(optimizer.lr(), .5);
}

TEST(Plateau, NaNIsNotBetter) {
  SGD optimizer = make_optimizer();
  ReduceLROnPlateau plateau(optimizer, {.patience = 0});
  EXPECT_TRUE(plateau.step(NAN));
}

TEST(EarlyStopping, StopsAfterItsPatience) {
  EarlyStopping stopping({.patience = 2, .min_delta = .1});
  EXPECT_TRUE(stopping.update(1, 1));
  EXPECT_FALSE(stopping.update(.95, 2));  // better by less than min_delta
  EXPECT_FALSE(stopping.should_stop());
  EXPECT_TRUE(stopping.update(.5, 3));
  EXPECT_FALSE(stopping.update(NAN, 4));
  StateDict state = stopping.state_dict();
  EXPECT_FALSE(stopping.update(.6, 5));
  EXPECT_TRUE(stopping.should_stop());
  EXPECT_EQ(stopping.best(), .5);
  EXPECT_EQ(stopping.best_epoch(), 2);

  EarlyStopping resumed({.patience = 2, .min_delta = .1});
  resumed.load_state_dict(state);
  EXPECT_FALSE(resumed.should_stop());
  EXPECT_FALSE(resumed.update(.6, 5));
  EXPECT_TRUE(resumed.should_stop());
}

// By less than the margin is no progress, by more is, in both directions.
TEST(EarlyStopping, AsksForMoreThanMinDelta) {
  for (double sign : {1., -1.}) {
    EarlyStopping stopping(
        {.better = sign > 0 ? Better::larger : Better::smaller, .min_delta = .1});
    EXPECT_TRUE(stopping.update(sign * .5, 1));
    EXPECT_FALSE(stopping.update(sign * .55, 2)) << sign;
    EXPECT_FALSE(stopping.update(sign * .45, 3)) << sign;
    EXPECT_EQ(stopping.best(), sign * .5);
    EXPECT_TRUE(stopping.update(sign * .65, 4)) << sign;
  }
}

TEST(Plateau, AsksForMoreThanTheThreshold) {
  for (bool larger : {true, false}) {
    SGD optimizer = make_optimizer();
    ReduceLROnPlateau plateau(
        optimizer,
        {.better = larger ? Better::larger : Better::smaller, .patience = 0, .threshold = .1});
    EXPECT_FALSE(plateau.step(1));
    EXPECT_FALSE(plateau.step(larger ? 1.2 : .8));
    EXPECT_TRUE(plateau.step(larger ? 1.25 : .77)) << "better, but by less than a tenth";
  }
}

TEST(EarlyStopping, DoesNotCountBeforeMinSteps) {
  EarlyStopping stopping({.patience = 1, .min_steps = 200});
  stopping.update(1, 50);
  stopping.update(2, 199);
  EXPECT_FALSE(stopping.should_stop());
  stopping.update(2, 200);
  EXPECT_TRUE(stopping.should_stop());
}

}  // namespace
}  // namespace melgrad
