#include <algorithm>
#include <cmath>

#include "apps/harness/training/evaluate.h"
#include "tests/error_of.h"
#include "tests/harness/short_training.h"
#include "tests/harness/sounds.h"

// What a net says of test clips: the mean over augmented copies, by its formula, and what is beside.
namespace melgrad {
namespace {

constexpr u64 seed = 7;
using Strengths = std::vector<std::vector<double>>;  // (clips, classes)

/// A drawn net for rows (1, 6, 20).
class SmallNet final : public Module {
 public:
  SmallNet() {
    add_module("layers", layers_);
    layers_.add<Flatten>().add<Linear>(120, 2);
    Generator generator(3);
    reset(generator);
  }
  std::string type() const override { return "SmallNet"; }
  Variable forward(const Variable& x) override { return layers_(x); }

 private:
  Sequential layers_;
};

Strengths strengths_of(Module& net, const Tensor& x) {
  NoGrad no_grad;
  net.eval();
  Tensor p = softmax(net(Variable(x)).data().to(Dtype::f64), 1);
  Strengths all;
  for (i64 i = 0; i < p.dim(0); ++i) all.push_back(p.select(0, i).to_vector<double>());
  return all;
}

Strengths mean_of(const std::vector<Strengths>& several, const std::vector<double>& shares) {
  Strengths mean(several[0].size(), std::vector<double>(2, 0));
  for (std::size_t s = 0; s < several.size(); ++s)
    for (std::size_t i = 0; i < mean.size(); ++i)
      for (std::size_t c = 0; c < 2; ++c) mean[i][c] += shares[s] * several[s][i][c];
  return mean;
}

i64 strongest(const std::vector<double>& p) { return p[1] > p[0] ? 1 : 0; }

void expect_near(const std::vector<Prediction>& said, const Strengths& expected) {
  ASSERT_EQ(said.size(), expected.size());
  for (std::size_t i = 0; i < said.size(); ++i)
    for (std::size_t c = 0; c < 2; ++c) EXPECT_NEAR(said[i].strengths[c], expected[i][c], 1e-6);
}

/// 60 clips of noise, with `variants` others of each, and a third of them to test.
struct Clips {
  explicit Clips(std::size_t variants = 0) {
    Input input = small_spectrum();
    input.variants.resize(variants);
    examples = noise_in_memory(input, 60, 5);
    for (i64 i = 0; i < 60; ++i) (i < 40 ? split.train : split.test).push_back(i);
  }
  Evaluation said(const View& view) {
    FittedView fitted(examples, view, split.train);
    return evaluate_at_test_time(net, examples, fitted, split.test, 8, seed);
  }
  Examples examples;
  Split split;
  SmallNet net;
};

const View shifted{.augmentation = {.noise = 1, .time_shift = 9}, .test = {.copies = 8}};

Strengths of_copy(Clips& clips, const View& view, i64 copy) {
  FittedView fitted(clips.examples, view, clips.split.train);
  const std::vector<i64>& test = clips.split.test;
  return strengths_of(clips.net,
                      fitted.augmented(clips.examples.gather(test), seed, -1 - copy, test));
}

TEST(TestTime, IsTheMeanOfTheCopies) {
  Clips clips;
  std::vector<Strengths> copies;
  copies.reserve(8);
  for (i64 copy = 0; copy < 8; ++copy) copies.push_back(of_copy(clips, shifted, copy));
  for (std::size_t copy = 1; copy < 8; ++copy) EXPECT_NE(copies[copy], copies[0]);
  Strengths mean = mean_of(copies, std::vector<double>(8, .125));
  Strengths plain = strengths_of(clips.net, clips.examples.gather(clips.split.test));

  Evaluation said = clips.said(shifted);
  expect_near(said.predictions, mean);
  expect_near(said.of_copies, mean);
  expect_near(said.plain, plain);
  double loss = 0, right = 0;
  std::vector<i64> labels = clips.examples.labels(clips.split.test);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    loss -= std::log(mean[i][static_cast<std::size_t>(labels[i])]) / 20;
    right += strongest(mean[i]) == labels[i] ? 1 : 0;
  }
  EXPECT_NEAR(said.loss, loss, 1e-6);
  EXPECT_NEAR(said.accuracy, right / 20, 1e-12);

  // fastai's Learner.tta with its beta of .25: torch.lerp(mean, plain, .25)
  View fastais = shifted;
  fastais.test.plain = fastai_plain;
  Evaluation mixed = clips.said(fastais);
  expect_near(mixed.predictions, mean_of({mean, plain}, {.75, .25}));
  expect_near(mixed.of_copies, mean);
}

TEST(TestTime, WithoutCopiesThereIsNothingBeside) {
  Clips clips;
  Evaluation said = clips.said({});
  EXPECT_TRUE(said.plain.empty() && said.of_copies.empty());
  Fit fit;
  FittedView view(clips.examples, {}, clips.split.train);
  add_test(fit, said, {clips.examples, view, clips.split});
  EXPECT_FALSE(fit.measured.contains("plain: accuracy"));
}

// Each copy is another of the stored variants, and none the clip as it is; more copies begin again.
TEST(TestTime, CopiesOfSoundsAreItsVariantsInTurn) {
  Clips clips(3);
  for (i64 count : {2, 3, 5}) {
    std::vector<Strengths> copies;
    for (i64 copy = 0; copy < count; ++copy) {
      std::vector<i64> variant(20, 1 + copy % 3);
      copies.push_back(strengths_of(clips.net, clips.examples.gather(clips.split.test, variant)));
    }
    View view{.augmentation = {.variants = true}, .test = {.copies = count}};
    expect_near(
        clips.said(view).predictions,
        mean_of(copies, std::vector<double>(copies.size(), 1 / static_cast<double>(count))));
  }
}

TEST(TestTime, EveryWayIsMeasured) {
  Clips clips;
  FittedView view(clips.examples, shifted, clips.split.train);
  Evaluation said = clips.said(shifted);
  Fit fit;
  add_test(fit, said, {clips.examples, view, clips.split});
  std::vector<i64> labels = clips.examples.labels(clips.split.test);
  std::map<std::string, double> right, loss;
  double better = 0, worse = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto of = [&](const Prediction& p) {
      return std::vector<double>(p.strengths.begin(), p.strengths.end());
    };
    std::vector<double> copies = of(said.of_copies[i]), plain = of(said.plain[i]);
    std::map<std::string, std::vector<double>> ways = {
        {"copies", copies},
        {"plain", plain},
        {"copies, .25 plain", mean_of({{copies}, {plain}}, {.75, .25})[0]}};
    for (const auto& [name, p] : ways) {
      right[name] += strongest(p) == labels[i] ? 1 : 0;
      loss[name] -= std::log(p[static_cast<std::size_t>(labels[i])]) / 20;
    }
    bool was = strongest(plain) == labels[i], is = strongest(copies) == labels[i];
    better += is && !was ? 1 : 0;
    worse += was && !is ? 1 : 0;
  }
  for (const auto& [name, count] : right) {
    EXPECT_NEAR(fit.measured.at(name + ": accuracy"), count / 20, 1e-12) << name;
    EXPECT_NEAR(fit.measured.at(name + ": loss"), loss.at(name), 1e-6) << name;
  }
  EXPECT_GT(better + worse, 0) << "the test shows nothing";
  EXPECT_EQ(fit.measured.at("copies: better"), better);
  EXPECT_EQ(fit.measured.at("copies: worse"), worse);
  EXPECT_NEAR(fit.measured.at("accuracy") - fit.measured.at("plain: accuracy"),
              (better - worse) / 20, 1e-12);
}

std::string error_with(const View& view, const Examples& examples) {
  return error_of([&] {
    FittedView fitted(examples, view, {0, 1});
    check_copies_differ(examples, fitted, {2, 3, 4}, seed);
  });
}

TEST(TestTime, CopiesThatAreAllEqualAreAnError) {
  Examples noise = noise_in_memory(small_spectrum(), 6);
  EXPECT_EQ(error_with({.test = {.copies = 4}}, noise),
            "[test time] nothing augments the 4 copies of a test clip: they would all be equal");
  View flipped{.augmentation = {.time_flip = 1}, .test = {.copies = 4}};
  EXPECT_TRUE(
      contains(error_with(flipped, noise), "the 4 augmented copies of each test clip are all"));
  flipped.augmentation.time_flip = .5;
  EXPECT_EQ(error_with(flipped, noise), "no error");
  Input silent = small_spectrum();
  silent.variants.resize(2);
  View variants{.augmentation = {.variants = true}, .test = {.copies = 2}};
  EXPECT_TRUE(
      contains(error_with(variants, in_memory(silent, zeros({18, 6, 20, 1}))), "all equal"));
  EXPECT_EQ(error_with(variants, noise_in_memory(silent, 6)), "no error");
}

// Before anything is learnt.
TEST(TestTime, ATrainingSaysSoAtItsBeginning) {
  Doing doing{.view = {.augmentation = {.time_flip = 1}, .test = {.copies = 3}}};
  doing.stop_at = 0;  // the first step would be stopped
  EXPECT_TRUE(contains(error_of([&] { train(short_recipe(), doing); }), "all equal"));
}

}  // namespace
}  // namespace melgrad
