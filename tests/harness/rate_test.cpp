#include "apps/harness/training/rate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tensor/files/safetensors.h"

// A stage's rates and momenta, before each of its steps.
namespace melgrad {
namespace {

SGD two_groups() {
  NamedParameters a{{"a", Variable(zeros({1}), true)}}, b{{"b", Variable(zeros({1}), true)}};
  return SGD(std::vector<ParameterGroup>{{a}, {b}}, {.lr = 7, .momentum = .9});
}

// torch.optim.lr_scheduler.OneCycleLR(max_lr=.3, total_steps=40): (lr, momentum) before each step.
TEST(StageRate, OneCycleIsPyTorchs) {
  std::vector<double> golden = load_safetensors(MELGRAD_TEST_DATA "/goldens/optim.safetensors")
                                   .tensors.at("one_cycle")
                                   .to_vector<double>();
  ASSERT_EQ(golden.size(), 80u);
  SGD optimizer = two_groups();
  Stage stage{.epochs = 4, .course = OneCycle{}};
  StageRate rate(optimizer, stage, .3, {1, .1}, 40);
  for (std::size_t step = 0; step < 40; ++step) {
    EXPECT_NEAR(optimizer.lr(0), golden[2 * step], 1e-12) << step;
    EXPECT_NEAR(optimizer.lr(1), .1 * golden[2 * step], 1e-12) << step;
    EXPECT_NEAR(optimizer.momentum(0), golden[2 * step + 1], 1e-12) << step;
    rate.after_step();
    if (step % 10 == 9) rate.after_epoch(1);
  }
}

// fit_one_cycle of fastai 2.7: from lr/div up, then down to lr/final_div, half a cosine each.
TEST(StageRate, EverySettingOfACycleCounts) {
  OneCycle cycle{.form = OneCycleForm::fastai,
                 .pct_start = .25,
                 .div = 5,
                 .final_div = 50,
                 .base_momentum = .6,
                 .max_momentum = .8};
  SGD optimizer = two_groups();
  StageRate rate(optimizer, {.course = cycle}, 2, {1, 1}, 8);
  std::vector<double> lr, momentum;
  for (int step = 0; step < 8; ++step) {
    lr.push_back(optimizer.lr(0));
    momentum.push_back(optimizer.momentum(0));
    rate.after_step();
  }
  auto between = [](double a, double b, double t) {
    return b + (a - b) / 2 * (1 + std::cos(std::acos(-1) * t));
  };
  for (std::size_t i = 0; i < 8; ++i) {
    auto t = static_cast<double>(i);
    EXPECT_NEAR(lr[i], i <= 2 ? between(.4, 2, t / 2) : between(2, .04, (t - 2) / 6), 1e-12);
    EXPECT_NEAR(momentum[i], i <= 2 ? between(.8, .6, t / 2) : between(.6, .8, (t - 2) / 6), 1e-12);
  }
  SGD steady = two_groups();
  cycle.cycle_momentum = false;
  StageRate without(steady, {.course = cycle}, 2, {1, 1}, 8);
  for (int step = 0; step < 8; ++step, without.after_step()) EXPECT_EQ(steady.momentum(0), .9);
}

TEST(StageRate, OthersChangeWithTheEpochOrNotAtAll) {
  SGD optimizer = two_groups();
  StageRate constant(optimizer, {}, .5, {2, 1}, 10);
  for (int epoch = 0; epoch < 5; ++epoch) {
    constant.after_step();
    constant.after_epoch(1);
    EXPECT_EQ(optimizer.lr(0), 1);
    EXPECT_EQ(optimizer.lr(1), .5);
  }
  EXPECT_TRUE(constant.state_dict().empty());
  StageRate plateau(optimizer, {.course = PlateauSettings{.factor = .1, .patience = 1}}, .5, {2, 1},
                    10);
  std::vector<double> rates;
  for (double loss : {1., 1., 1., 1., 1., .5, .5, .5}) {
    plateau.after_step();
    plateau.after_epoch(loss);
    rates.push_back(optimizer.lr(0));
  }
  const std::vector<double> expected = {1, 1, .1, .1, .01, .01, .01, .001};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(rates[i], expected[i], 1e-15) << i;
}

TEST(StageRate, GoesOnFromItsState) {
  for (const Course& course : {Course{OneCycle{}}, Course{Cosine{.min_lr = .01}}}) {
    SGD first = two_groups(), second = two_groups();
    Stage stage{.course = course};
    StageRate straight(first, stage, .3, {1, .1}, 20);
    for (int i = 0; i < 7; ++i) straight.after_step();
    StageRate resumed(second, stage, .3, {1, .1}, 20);
    resumed.load_state_dict(straight.state_dict());
    for (int i = 0; i < 13; ++i) {  // one step more than there are rates for
      EXPECT_EQ(first.lr(1), second.lr(1)) << i;
      EXPECT_EQ(first.momentum(0), second.momentum(0)) << i;
      straight.after_step();
      resumed.after_step();
    }
  }
}

}  // namespace
}  // namespace melgrad
