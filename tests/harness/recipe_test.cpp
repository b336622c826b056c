#include "apps/harness/training/recipe.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "kernels/error.h"
#include "layers/models/registry.h"
#include "tests/error_of.h"
#include "tests/harness/short_training.h"

// What each part of a recipe does to the weights: in trainings of a step or two, by their formulas.
namespace melgrad {
namespace {

/// One pass over the 40 clips in one batch, plain SGD: Δw = −lr · gradient.
Recipe one_step(double lr = .1) {
  return {.optimizer = SGDSettings{.lr = lr}, .batch = 40, .stages = {{.epochs = 1}}};
}

/// One Linear layer, so that nothing is random and every formula is short.
class Plain final : public Module {
 public:
  Plain() {
    add_module("layers", layers_);
    layers_.add<Flatten>().add<Linear>(3 * pixels * pixels, 4).add<Linear>(4, 2);
  }
  std::string type() const override { return "Plain"; }
  Variable forward(const Variable& x) override {
    seen.push_back(x.data());
    return layers_(x);
  }
  std::vector<Tensor> seen;

 private:
  Sequential layers_;
};

struct PlainOutcome {
  Fit fit;
  Weights before, after;
  std::vector<Tensor> seen;  // what went in, batch by batch
};

PlainOutcome train_plain(const Recipe& recipe, const View& view = {},
                         const Split& split = thirds()) {
  Examples examples = two_classes();
  Plain net;
  Generator generator(5);
  net.reset(generator);
  PlainOutcome outcome;
  outcome.before = weights_of(net);
  FittedView fitted(examples, view, split.train);
  Trainer trainer(net, generator, {examples, fitted, split}, recipe, 5);
  Progress progress = Progress::silent();
  outcome.fit = trainer.run({}, progress);
  outcome.after = weights_of(net);
  outcome.seen = net.seen;
  return outcome;
}

double moved(const PlainOutcome& outcome, const std::string& name) {
  double sum = 0;
  for (std::size_t i = 0; i < outcome.after.at(name).size(); ++i) {
    double step = outcome.after.at(name)[i] - outcome.before.at(name)[i];
    sum += step * step;
  }
  return std::sqrt(sum);
}

const std::vector<std::string> parameters = {"layers.1.bias", "layers.1.weight", "layers.2.bias",
                                             "layers.2.weight"};

TEST(Recipe, TrainsOnlyWhatTheStageNames) {
  for (const std::string& name : parameters) {
    Recipe recipe = one_step();
    recipe.stages.front().train = {name};
    PlainOutcome outcome = train_plain(recipe);
    for (const std::string& other : parameters)
      EXPECT_EQ(moved(outcome, other) > 0, other == name) << name << ": " << other;
  }
  Recipe by_type = one_step();
  by_type.stages.front().train = {"Linear:layers.2.*"};
  PlainOutcome outcome = train_plain(by_type);
  EXPECT_EQ(moved(outcome, "layers.1.weight"), 0);
  EXPECT_GT(moved(outcome, "layers.2.weight"), 0);
}

TEST(Recipe, APatternThatMatchesNothingIsAnErrorWhereverItStands) {
  const std::string none = "head.*";
  std::map<std::string, Recipe> recipes;
  recipes["train"].stages.front().train = {"*", none};
  recipes["factors"].stages.front().factors = {{none, 2}};
  recipes["no_decay"].no_decay = {none};
  recipes["l2"].objective.l2 = {{none, 1}};
  for (auto& [where, recipe] : recipes) {
    recipe.stages.front().epochs = 1;
    EXPECT_NE(error_of([&, &wrong = recipe] { train_plain(wrong); }).find("'head.*'"),
              std::string::npos)
        << where;
  }
}

TEST(Recipe, FactorsScaleTheRate) {
  PlainOutcome plain = train_plain(one_step());
  Recipe recipe = one_step();
  recipe.stages.front().factors = {{"layers.*", 3}, {"*.bias", .5}};  // the last that matches
  PlainOutcome scaled = train_plain(recipe);
  for (const std::string& name : parameters) {
    double factor = name.find("bias") != std::string::npos ? .5 : 3;
    EXPECT_NEAR(moved(scaled, name), factor * moved(plain, name), 1e-5 * moved(plain, name))
        << name;
  }
}

TEST(Recipe, AStageHasItsOwnRate) {
  Recipe recipe = one_step(.1);
  recipe.stages.front().lr = .03;
  EXPECT_NEAR(moved(train_plain(recipe), "layers.2.weight"),
              .3 * moved(train_plain(one_step(.1)), "layers.2.weight"), 1e-5);
}

// AdamW's first step moves each weight by lr, and its decay by lr · decay · w beside.
TEST(Recipe, NoDecayIsForWhatItNames) {
  Recipe recipe = one_step();
  recipe.optimizer = AdamWSettings{.lr = .01, .weight_decay = .5};
  PlainOutcome decayed = train_plain(recipe);
  recipe.no_decay = {"*.bias"};
  PlainOutcome spared = train_plain(recipe);
  for (const std::string& name : parameters) {
    bool bias = name.find("bias") != std::string::npos;
    for (std::size_t i = 0; i < decayed.after.at(name).size(); ++i) {
      double w = decayed.before.at(name)[i];
      double difference = spared.after.at(name)[i] - decayed.after.at(name)[i];
      EXPECT_NEAR(difference, bias ? .01 * .5 * w : 0, 1e-6) << name << " " << i;
    }
  }
}

TEST(Recipe, ClippingLimitsTheStep) {
  double all = 0;
  Recipe recipe = one_step(1);
  recipe.clip_norm = .001;
  PlainOutcome outcome = train_plain(recipe);
  for (const std::string& name : parameters) all += std::pow(moved(outcome, name), 2);
  EXPECT_NEAR(std::sqrt(all), .001, 1e-5);
  all = 0;
  PlainOutcome free = train_plain(one_step(1));
  for (const std::string& name : parameters) all += std::pow(moved(free, name), 2);
  EXPECT_GT(std::sqrt(all), .01) << "the test shows nothing";
}

// Five batches of 8, and batches of 8, 8, … with another size at the end, are one of 40.
TEST(Recipe, AccumulatedGradientsAreThoseOfOneBatch) {
  PlainOutcome whole = train_plain(one_step());
  for (auto [batch, accumulate] : {std::pair<i64, i64>{8, 5}, {20, 2}, {12, 4}, {39, 2}}) {
    Recipe recipe = one_step();
    recipe.batch = batch;
    recipe.accumulate = accumulate;
    PlainOutcome parts = train_plain(recipe);
    for (const std::string& name : parameters)
      for (std::size_t i = 0; i < whole.after.at(name).size(); ++i)
        EXPECT_NEAR(parts.after.at(name)[i], whole.after.at(name)[i], 2e-6) << batch << name;
    EXPECT_NEAR(parts.fit.history[0].train_loss, whole.fit.history[0].train_loss, 1e-6);
  }
  // 40 clips by 4 × 3 are steps of 12, 12, 12 and 4: the last is a step of its own.
  Recipe several = one_step(.001);
  several.batch = 4;
  several.accumulate = 3;
  Recipe twelve = one_step(.001);
  twelve.batch = 12;
  EXPECT_NEAR(moved(train_plain(several), "layers.2.weight"),
              moved(train_plain(twelve), "layers.2.weight"), 1e-6);
}

double penalty_of(const Weights& weights, const std::string& name, double weight) {
  double sum = 0;
  for (float w : weights.at(name)) sum += static_cast<double>(w) * w;
  return weight * sum;
}

TEST(Recipe, ThePenaltyIsInTheLossAndInItsGradientAndInWhatIsReported) {
  PlainOutcome plain = train_plain(one_step());
  Recipe recipe = one_step();
  recipe.objective.l2 = {{"layers.1.weight", .3}, {"layers.2.*", .05}};
  PlainOutcome with = train_plain(recipe);
  auto factor_of = [](const std::string& name) {
    return name == "layers.1.weight" ? .3 : name == "layers.1.bias" ? 0 : .05;
  };
  double before = 0, after = 0;
  for (const std::string& name : parameters) {
    before += penalty_of(with.before, name, factor_of(name));
    after += penalty_of(with.after, name, factor_of(name));
    for (std::size_t i = 0; i < with.after.at(name).size(); ++i)  // − lr · 2 · weight · w
      EXPECT_NEAR(with.after.at(name)[i] - plain.after.at(name)[i],
                  -.1 * 2 * factor_of(name) * with.before.at(name)[i], 1e-6);
  }
  EXPECT_NEAR(with.fit.history[0].train_loss, plain.fit.history[0].train_loss + before, 1e-5);
  // What is said of clips is cross-entropy; what is reported has the penalty of the weights then.
  double cross_entropy = 0;
  std::vector<i64> labels = two_classes().labels(thirds().test);
  for (std::size_t i = 0; i < labels.size(); ++i)
    cross_entropy -=
        std::log(with.fit.predictions[i].strengths[static_cast<std::size_t>(labels[i])]) / 10;
  EXPECT_NEAR(with.fit.measured.at("loss"), cross_entropy + after, 1e-5);
  EXPECT_GT(with.fit.history[0].valid_loss, after);
}

TEST(Recipe, SmoothedLabelsChangeTheTrainingLossAlone) {
  PlainOutcome plain = train_plain(one_step(1e-9));
  Recipe recipe = one_step(1e-9);
  recipe.objective.smoothing = .2;
  PlainOutcome smooth = train_plain(recipe);
  // (1 − s) CE + s · mean over classes of −log p, of the same logits.
  EXPECT_NE(smooth.fit.history[0].train_loss, plain.fit.history[0].train_loss);
  EXPECT_NEAR(smooth.fit.history[0].valid_loss, plain.fit.history[0].valid_loss, 1e-6);
}

/// Which clips went into each batch, by their pixels.
std::vector<i64> clips_seen(const PlainOutcome& outcome, i64 batches) {
  Examples examples = two_classes();
  std::map<float, i64> by_pixel;
  for (i64 i = 0; i < clips; ++i)
    by_pixel[static_cast<float>(examples.gather({i}).contiguous().to_vector<float>()[0])] = i;
  std::vector<i64> seen;
  for (i64 b = 0; b < batches; ++b) {
    const Tensor& x = outcome.seen[static_cast<std::size_t>(b)];
    for (i64 i = 0; i < x.dim(0); ++i)
      seen.push_back(by_pixel.at(x.select(0, i).contiguous().to_vector<float>()[0]));
  }
  return seen;
}

TEST(Recipe, EveryEpochHasEveryClipOnceInAnotherOrder) {
  Recipe recipe = one_step();
  recipe.batch = 16;
  recipe.stages.front().epochs = 3;
  Split split = thirds();
  split.valid.clear();
  recipe.tested = Tested::last;
  PlainOutcome outcome = train_plain(recipe, {}, split);
  std::vector<i64> seen = clips_seen(outcome, 9);
  std::set<std::vector<i64>> orders;
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<i64> one(seen.begin() + static_cast<std::ptrdiff_t>(epoch) * 40,
                         seen.begin() + static_cast<std::ptrdiff_t>(epoch + 1) * 40);
    orders.insert(one);
    std::sort(one.begin(), one.end());
    EXPECT_EQ(one, split.train) << epoch;
  }
  EXPECT_EQ(orders.size(), 3u) << "two epochs had the same order";
}

// 3 epochs of 7 steps of 8 are 168 clips: four whole passes over the 40 and 8 clips of a fifth.
TEST(Recipe, StepsAnEpochGoOnThroughOnePassAfterTheOther) {
  Recipe recipe = one_step();
  recipe.batch = 8;
  recipe.stages = {{.epochs = 3, .steps = 7}};
  Split split = thirds();
  split.valid.clear();
  PlainOutcome outcome = train_plain(recipe, {}, split);
  ASSERT_EQ(outcome.fit.history.size(), 3u);
  std::vector<i64> seen = clips_seen(outcome, 21);
  ASSERT_EQ(seen.size(), 168u);
  std::set<std::vector<i64>> orders;
  for (std::size_t pass = 0; pass < 4; ++pass) {
    std::vector<i64> one(seen.begin() + static_cast<std::ptrdiff_t>(pass) * 40,
                         seen.begin() + static_cast<std::ptrdiff_t>(pass + 1) * 40);
    orders.insert(one);
    std::sort(one.begin(), one.end());
    EXPECT_EQ(one, split.train) << pass;
  }
  EXPECT_EQ(orders.size(), 4u);
}

// What is left after the last whole step, or batch, waits for an epoch in which the order is another.
TEST(Recipe, WholeStepsLeaveTheRestOut) {
  struct Case {
    i64 batch, accumulate, clips, batches;
  };
  for (const auto& [batch, accumulate, clips, batches] :
       {Case{16, 1, 32, 2}, {8, 2, 32, 4}, {41, 1, 40, 1}, {12, 4, 36, 3}, {40, 1, 40, 1}}) {
    SCOPED_TRACE(batch);
    Recipe recipe = one_step();
    recipe.batch = batch;
    recipe.accumulate = accumulate;
    recipe.whole_steps = true;
    recipe.stages = {{.epochs = 2}};
    Split split = thirds();
    split.valid.clear();
    PlainOutcome outcome = train_plain(recipe, {}, split);
    std::vector<i64> seen = clips_seen(outcome, 2 * batches);
    ASSERT_EQ(static_cast<i64>(seen.size()), 2 * clips);
    auto half = seen.begin() + clips;
    std::set<i64> first(seen.begin(), half), second(half, seen.end());
    EXPECT_EQ(static_cast<i64>(first.size()), clips) << "a clip came twice";
    EXPECT_EQ(first == second, clips == 40) << "always the same are left out";
  }
}

// Adam's first step moves each weight by its rate; with averages of steps before, by something else.
TEST(Recipe, AStageThatForgetsBeginsWithANewOptimiser) {
  Recipe recipe{.optimizer = AdamSettings{.lr = .01, .eps = 1e-12},
                .batch = 40,
                .stages = {{.epochs = 3}, {.epochs = 1}},
                .tested = Tested::last};
  Recipe first = recipe;
  first.stages.pop_back();
  PlainOutcome before = train_plain(first);
  for (bool forgets : {true, false}) {
    recipe.stages[1].forgets = forgets;
    PlainOutcome after = train_plain(recipe);
    double farthest = 0;
    for (const std::string& name : parameters)
      for (std::size_t i = 0; i < after.after.at(name).size(); ++i) {
        double step = std::abs(after.after.at(name)[i] - before.after.at(name)[i]);
        farthest = std::max(farthest, std::abs(step - .01));
      }
    EXPECT_EQ(farthest < 1e-5, forgets) << farthest;
  }
}

// Of a Linear net under SGD each step's rate can be read off; here off the optimiser's own account.
TEST(Recipe, TheRateFollowsTheStagesCourse) {
  auto rates = [](const Course& course, i64 epochs) {
    Recipe recipe = one_step(.1);
    recipe.optimizer = SGDSettings{.lr = .1, .momentum = .5};
    recipe.stages = {{.epochs = epochs, .course = course}};
    std::vector<double> all;
    for (const Epoch& epoch : train_plain(recipe).fit.history) all.push_back(epoch.lr);
    return all;
  };
  EXPECT_EQ(rates(Constant{}, 3), (std::vector<double>{.1, .1, .1}));
  std::vector<double> cosine = rates(Cosine{.min_lr = .02}, 4);  // a step an epoch: after steps 1–4
  const double pi = std::acos(-1);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(cosine[i], .02 + .08 * (1 + std::cos(pi * static_cast<double>(i + 1) / 4)) / 2,
                1e-12);
  std::vector<double> cycle = rates(
      OneCycle{.form = OneCycleForm::fastai, .pct_start = .5, .div = 10, .final_div = 100}, 4);
  EXPECT_NEAR(cycle[1], .1, 1e-12);  // two of four steps are done: the peak
  EXPECT_NEAR(cycle[0], (.01 + .1) / 2, 1e-12);
}

TEST(Recipe, WordsOfThePlan) {
  Recipe recipe = one_step();
  recipe.stages = {{.epochs = 2}, {.epochs = 5}};
  EXPECT_EQ(recipe.epochs(), 7);
  EXPECT_EQ(recipe.lr(), .1);
  recipe.set_lr(.7);
  EXPECT_EQ(std::get<SGDSettings>(recipe.optimizer).lr, .7);
  EXPECT_EQ(recipe.optimizer_name(), "SGD");
  recipe.optimizer = AdamWSettings{};
  EXPECT_EQ(recipe.optimizer_name(), "AdamW");
}

}  // namespace
}  // namespace melgrad
