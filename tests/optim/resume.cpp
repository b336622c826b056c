// Whatever has a state goes on from it as if nothing had happened, wherever it was stopped; and what is refused.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "autograd/functions.h"
#include "optim/early_stopping.h"
#include "optim/plateau.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "tests/error_of.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

SGD two_groups() {
  NamedParameters a{{"a", Variable(zeros({1}), true)}}, b{{"b", Variable(zeros({1}), true)}};
  return SGD(std::vector<ParameterGroup>{{a}, {b, .2}}, {.lr = 1, .momentum = .9});
}

std::vector<double> rates_of(const SGD& optimizer) {
  return {optimizer.lr(0), optimizer.lr(1), optimizer.momentum()};
}

TEST(Resume, SchedulesWhereverTheyWereStopped) {
  using Make = std::function<std::unique_ptr<Schedule>(Optimizer&)>;
  const Make kinds[] = {
      [](Optimizer& o) { return std::make_unique<StepLR>(o, 3, .5); },
      [](Optimizer& o) { return std::make_unique<CosineAnnealingLR>(o, 10, .01); },
      [](Optimizer& o) {
        return std::make_unique<OneCycleLR>(o,
                                            OneCycleSettings{.max_lr = {.1, 1}, .total_steps = 12});
      }};
  for (const Make& make : kinds)
    for (int stopped = 0; stopped <= 10; ++stopped) {
      SGD straight = two_groups(), resumed = two_groups();
      auto schedule = make(straight);
      for (int i = 0; i < stopped; ++i) schedule->step();
      StateDict state = schedule->state_dict();
      resumed.set_lr(0,
                     .7);  // whatever the optimiser has: the state knows what the rates began with
      resumed.set_lr(1, .6);
      auto again = make(resumed);
      again->load_state_dict(state);
      EXPECT_EQ(again->count(), stopped);
      for (int i = stopped; i < 11; ++i) {
        EXPECT_EQ(rates_of(straight), rates_of(resumed)) << stopped << ' ' << i;
        schedule->step();
        again->step();
      }
    }
}

TEST(Resume, PlateauWhereverItWasStopped) {
  std::vector<double> metrics = hashed(7, {40}).to_vector<double>();
  PlateauSettings settings{.factor = .5, .patience = 2, .cooldown = 3};
  for (Better better : {Better::smaller, Better::larger})
    for (std::size_t stopped = 0; stopped < metrics.size(); ++stopped) {
      settings.better = better;
      SGD straight = two_groups(), resumed = two_groups();
      ReduceLROnPlateau plateau(straight, settings), again(resumed, settings);
      for (std::size_t i = 0; i < stopped; ++i) plateau.step(metrics[i]);
      again.load_state_dict(plateau.state_dict());
      for (std::size_t i = stopped; i < metrics.size(); ++i)
        EXPECT_EQ(plateau.step(metrics[i]), again.step(metrics[i])) << stopped << ' ' << i;
    }
}

TEST(Resume, EarlyStoppingWhereverItWasStopped) {
  std::vector<double> metrics = hashed(7, {40}).to_vector<double>();
  for (Better better : {Better::smaller, Better::larger})
    for (std::size_t stopped = 0; stopped < metrics.size(); ++stopped) {
      EarlyStopping straight({.better = better, .patience = 4}),
          resumed({.better = better, .patience = 4});
      for (std::size_t i = 0; i < stopped; ++i) straight.update(metrics[i], 1);
      resumed.load_state_dict(straight.state_dict());
      for (std::size_t i = stopped; i < metrics.size(); ++i) {
        EXPECT_EQ(straight.best(), resumed.best());
        EXPECT_EQ(straight.best_epoch(), resumed.best_epoch());
        EXPECT_EQ(straight.should_stop(), resumed.should_stop()) << stopped << ' ' << i;
        EXPECT_EQ(straight.update(metrics[i], 1), resumed.update(metrics[i], 1))
            << stopped << ' ' << i;
      }
    }
}

TEST(Resume, AStateThatLacksSomethingIsRefused) {
  SGD optimizer = two_groups();
  StepLR schedule(optimizer, 3);
  ReduceLROnPlateau plateau(optimizer);
  EarlyStopping stopping;
  auto expect_all_needed = [](auto& resumed) {
    const StateDict whole = resumed.state_dict();
    EXPECT_EQ(error_of([&] { resumed.load_state_dict(whole); }), "no error");
    for (const auto& [name, value] : whole) {
      StateDict state = whole;
      state.erase(name);
      state["other"] = value;
      EXPECT_TRUE(contains(error_of([&] { resumed.load_state_dict(state); }),
                           "the state has no '" + name + "'"))
          << name;
    }
  };
  expect_all_needed(schedule);
  expect_all_needed(plateau);
  expect_all_needed(stopping);
  EXPECT_TRUE(contains(error_of([&] {
                         schedule.load_state_dict({{"count", scalar(1)}});
                       }),
                       "the state is of 0 groups, not 2"));
}

TEST(Settings, OfSchedulesAreRefused) {
  SGD optimizer = two_groups();
  auto plateau = [&](const PlateauSettings& settings) {
    return error_of([&] { ReduceLROnPlateau(optimizer, settings); });
  };
  auto cycle = [&](const OneCycleSettings& settings) {
    return error_of([&] { OneCycleLR(optimizer, settings); });
  };
  for (const auto& [text, part] :
       {std::pair(plateau({.factor = 0}), "the factor is in (0, 1), not 0"),
        {plateau({.factor = 1}), "the factor is in (0, 1), not 1"},
        {plateau({.patience = -1}), "are not negative: -1, 0"},
        {plateau({.cooldown = -1}), "are not negative: 10, -1"},
        {plateau({.patience = 0}), "no error"},
        {error_of([] { EarlyStopping({.patience = 0}); }), "the patience is positive, not 0"},
        {error_of([] { EarlyStopping({.patience = 1}); }), "no error"},
        {error_of([&] { StepLR(optimizer, 0); }), "the step size is positive, not 0"},
        {error_of([&] { StepLR(optimizer, 1); }), "no error"},
        {error_of([&] { CosineAnnealingLR(optimizer, 0); }), "the period is positive, not 0"},
        {error_of([&] { CosineAnnealingLR(optimizer, 1); }), "no error"},
        {cycle({.max_lr = {1, 2, 3}, .total_steps = 5}), "3 maximal rates for 2 groups"},
        {cycle({.max_lr = {1}, .total_steps = 0}), "total_steps is positive"},
        {cycle({.max_lr = {1}, .total_steps = 5, .pct_start = 0}), "pct_start in (0, 1)"},
        {cycle({.max_lr = {1}, .total_steps = 5, .pct_start = 1}), "pct_start in (0, 1)"}})
    EXPECT_TRUE(contains(text, part)) << text;
  OneCycleLR schedule(optimizer, {.max_lr = {1}, .total_steps = 3});
  for (int i = 0; i < 3; ++i) schedule.step();
  EXPECT_TRUE(contains(error_of([&] { schedule.step(); }), "step 4 of a cycle of 3"));
}

TEST(Plateau, ReducesEveryGroupDownToTheSmallestRate) {
  SGD optimizer = two_groups();  // 1 and .2
  ReduceLROnPlateau plateau(optimizer, {.factor = .5, .patience = 0, .min_lr = .06, .eps = .02});
  plateau.step(1);
  std::vector<std::vector<double>> expected = {{.5, .1}, {.25, .06}, {.125, .06}, {.0625, .06}};
  for (const auto& rates : expected) {
    EXPECT_TRUE(plateau.step(1));
    EXPECT_DOUBLE_EQ(optimizer.lr(0), rates[0]);
    EXPECT_DOUBLE_EQ(optimizer.lr(1), rates[1]);
  }
  EXPECT_FALSE(plateau.step(1)) << "less than eps is not worth it";
  EXPECT_DOUBLE_EQ(optimizer.lr(0), .0625);
}

TEST(Optimizers, ZeroGradForgetsEveryGradient) {
  Variable a(ones({2}), true), b(ones({3}), true);
  NamedParameters first{{"a", a}}, second{{"b", b}};
  SGD optimizer(std::vector<ParameterGroup>{{first}, {second}}, {.lr = 1});
  (sum(a * a) + sum(b)).backward();
  EXPECT_TRUE(a.grad().defined() && b.grad().defined());
  optimizer.zero_grad();
  EXPECT_FALSE(a.grad().defined() || b.grad().defined());
  EXPECT_EQ(error_of([&] { optimizer.set_lr(2, 1); }), "[optimizer] there is no group 2, only 2");
}

}  // namespace
}  // namespace melgrad
