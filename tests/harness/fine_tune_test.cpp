#include "apps/harness/training/fine_tune.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "apps/harness/training/parameters.h"
#include "apps/harness/training/rate.h"
#include "layers/models/registry.h"
#include "layers/module.h"

// fastai's fine_tune: what is trained when, by which rate and momentum.
namespace melgrad {
namespace {

const Body resnet{.second_group = {"layer3.*", "layer4.*"}};
const Body alexnet{.second_group = {"features.6.*", "features.8.*", "features.10.*"},
                   .has_batch_norms = false};

TEST(FineTune, IsAFrozenEpochAndThenAllOfItInRounds) {
  Recipe recipe = fine_tuned(resnet, 1e-2, 10, 2);
  ASSERT_EQ(recipe.stages.size(), 3u);
  EXPECT_EQ(recipe.epochs(), 21);
  const i64 epochs[] = {1, 10, 10};
  const double rates[] = {1e-2, 5e-3, 5e-3}, starts[] = {.99, .3, .3}, divs[] = {25, 5, 5};
  for (std::size_t s = 0; s < 3; ++s) {
    const Stage& stage = recipe.stages[s];
    EXPECT_EQ(stage.epochs, epochs[s]);
    EXPECT_EQ(stage.lr, rates[s]);
    EXPECT_EQ(stage.forgets, s == 1);
    const auto& cycle = std::get<OneCycle>(stage.course);
    EXPECT_EQ(cycle.form, OneCycleForm::fastai);
    EXPECT_EQ(cycle.pct_start, starts[s]);
    EXPECT_EQ(cycle.div, divs[s]);
    EXPECT_EQ(cycle.final_div, 1e5);
    EXPECT_TRUE(cycle.cycle_momentum);
    EXPECT_EQ(cycle.base_momentum, .85);
    EXPECT_EQ(cycle.max_momentum, .95);
  }
  const auto& adam = std::get<AdamWSettings>(recipe.optimizer);
  EXPECT_EQ(adam.beta2, .99);
  EXPECT_EQ(adam.eps, 1e-5);
  EXPECT_EQ(adam.weight_decay, .01);
  EXPECT_EQ(recipe.batch, 64);
  EXPECT_TRUE(recipe.whole_steps);
  EXPECT_EQ(recipe.tested, Tested::last);
}

/// Of each of a net's parameters, by name.
struct Treatment {
  double frozen_factor = 0, factor = 0;  // 0: not trained
  bool decays = true;
};

std::map<std::string, Treatment> treatments(const Module& net, const Recipe& recipe) {
  std::map<std::string, Treatment> all;
  RecipeGroups groups = groups_of(net, recipe);
  for (std::size_t g = 0; g < groups.groups.size(); ++g)
    for (const auto& [name, parameter] : groups.groups[g].parameters)
      all[name] = {groups.factors[0][g], groups.factors[1][g], groups.groups[g].weight_decay != 0.};
  std::set<std::string> trained;
  for (const auto& [name, parameter] : PatternedParameters(net).trained_in(recipe.stages[0]))
    trained.insert(name);
  for (auto& [name, treatment] : all)
    if (!trained.contains(name)) treatment.frozen_factor = 0;
  return all;
}

void expect_treatment(const std::map<std::string, Treatment>& all, const std::string& name,
                      double frozen_factor, double factor, bool decays) {
  ASSERT_TRUE(all.contains(name)) << name;
  const Treatment& treatment = all.at(name);
  EXPECT_EQ(treatment.frozen_factor, frozen_factor) << name;
  EXPECT_EQ(treatment.factor, factor) << name;
  EXPECT_EQ(treatment.decays, decays) << name;
}

TEST(FineTune, HasRatesByDepthAndDecaysWeightsAlone) {
  auto net = make_net("resnet34_fastai", {3, 32, 32}, 10);
  auto all = treatments(*net, fine_tuned(resnet, 1e-2, 10));
  EXPECT_EQ(all.size(), net->parameters().size());
  expect_treatment(all, "conv1.weight", 0, .01, true);
  expect_treatment(all, "bn1.weight", .1, .01, false);
  expect_treatment(all, "layer2.3.bn2.bias", .1, .01, false);
  expect_treatment(all, "layer2.3.conv2.weight", 0, .01, true);
  expect_treatment(all, "layer3.0.conv1.weight", 0, .1, true);
  expect_treatment(all, "layer4.0.downsample.1.weight", .1, .1, false);
  expect_treatment(all, "head.2.weight", 1, 1, false);
  expect_treatment(all, "head.4.weight", 1, 1, true);
  expect_treatment(all, "head.8.weight", 1, 1, true);
}

TEST(FineTune, OfABodyWithoutBatchNormsTheHeadAloneIsTrainedFirst) {
  auto net = make_net("alexnet_fastai", {3, 64, 64}, 10);
  auto all = treatments(*net, fine_tuned(alexnet, 1e-2, 10));
  expect_treatment(all, "features.3.weight", 0, .01, true);
  expect_treatment(all, "features.3.bias", 0, .01, false);
  expect_treatment(all, "features.6.weight", 0, .1, true);
  expect_treatment(all, "features.10.bias", 0, .1, false);
  expect_treatment(all, "head.8.weight", 1, 1, true);
}

// A position in f32, as fastai's combine_scheds has it: pcts is a tensor of f32.
double cosine_in_f32(double position, double pct, double start, double middle, double end) {
  float first = static_cast<float>(pct), at = static_cast<float>(position);
  bool rising = at < first;
  float share = rising ? at / first : (at - first) / (1.F - first);
  double from = rising ? start : middle, to = rising ? middle : end;
  return from + (1 + std::cos(std::acos(-1.) * (1 - static_cast<double>(share)))) * (to - from) / 2;
}
double cosine_in_f64(double position, double pct, double start, double middle, double end) {
  bool rising = position <= pct;
  double share = rising ? position / pct : (position - pct) / (1 - pct);
  double from = rising ? start : middle, to = rising ? middle : end;
  return to + (from - to) / 2 * (1 + std::cos(std::acos(-1.) * share));
}

// 12 steps an epoch, of 800 clips in batches of 64.
TEST(FineTune, RatesAndMomentaOfEveryStepAreTheFormulas) {
  auto net = make_net("resnet34_fastai", {3, 32, 32}, 10);
  Recipe recipe = fine_tuned(resnet, 1e-2, 10);
  RecipeGroups groups = groups_of(*net, recipe);
  AdamW optimizer(groups.groups, std::get<AdamWSettings>(recipe.optimizer));
  for (std::size_t s = 0; s < 2; ++s) {
    const Stage& stage = recipe.stages[s];
    i64 steps = 12 * stage.epochs;
    StageRate rate(optimizer, stage, stage.lr, groups.factors[s], steps);
    double pct = s == 0 ? .99 : .3, div = s == 0 ? 25 : 5;
    for (i64 step = 0; step < steps; ++step, rate.after_step()) {
      double position = static_cast<double>(step) / static_cast<double>(steps);
      for (std::size_t g = 0; g < groups.groups.size(); ++g) {
        double top = stage.lr * groups.factors[s][g];
        EXPECT_NEAR(optimizer.lr(g), cosine_in_f64(position, pct, top / div, top, top / 1e5),
                    1e-12);
        EXPECT_NEAR(optimizer.lr(g), cosine_in_f32(position, pct, top / div, top, top / 1e5),
                    1e-6 * top)
            << "step " << step;
        EXPECT_NEAR(optimizer.momentum(g), cosine_in_f64(position, pct, .95, .85, .95), 1e-12);
        EXPECT_NEAR(optimizer.momentum(g), cosine_in_f32(position, pct, .95, .85, .95), 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace melgrad
