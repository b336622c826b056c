#include "apps/harness/data/mixup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/harness/training/objective.h"
#include "kernels/error.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/short_training.h"

namespace melgrad {
namespace {

struct Moments {
  double mean = 0, variance = 0, third = 0;  // the third is about the mean
};

Moments moments(const std::vector<double>& values) {
  Moments m;
  auto n = static_cast<double>(values.size());
  for (double v : values) m.mean += v / n;
  for (double v : values) m.variance += (v - m.mean) * (v - m.mean) / n;
  for (double v : values) m.third += std::pow(v - m.mean, 3) / n;
  return m;
}

// Mean a/(a+b), variance ab/((a+b)²(a+b+1)), skewness 2(b−a)√(a+b+1)/((a+b+2)√(ab)). 6 000 draws: the
// mean's deviation is at most .005, the variance's √((kurtosis − 1)/6000) of it, the third moment's at
// most .002; four of them are allowed.
TEST(Mixup, BetaHasItsMoments) {
  for (auto [a, b] : {std::pair{.4, .4}, {1., 1.}, {2., 5.}, {.2, 3.}}) {
    Generator generator(3);
    std::vector<double> draws;
    for (int i = 0; i < 6000; ++i) draws.push_back(draw_beta(a, b, generator));
    EXPECT_GE(*std::min_element(draws.begin(), draws.end()), 0);
    EXPECT_LE(*std::max_element(draws.begin(), draws.end()), 1);
    Moments m = moments(draws);
    double variance = a * b / ((a + b) * (a + b) * (a + b + 1));
    double skewness = 2 * (b - a) * std::sqrt(a + b + 1) / ((a + b + 2) * std::sqrt(a * b));
    EXPECT_NEAR(m.mean, a / (a + b), .02) << a << " " << b;
    double kurtosis = 3 + 6 * ((a - b) * (a - b) * (a + b + 1) - a * b * (a + b + 2)) /
                              (a * b * (a + b + 2) * (a + b + 3));
    EXPECT_NEAR(m.variance, variance, 4 * variance * std::sqrt((kurtosis - 1) / 6000))
        << a << " " << b;
    EXPECT_NEAR(m.third, skewness * std::pow(variance, 1.5), .008) << a << " " << b;
  }
  Generator generator(3);
  EXPECT_THROW(draw_beta(0, 1, generator), Error);
  EXPECT_THROW(draw_beta(1, -1, generator), Error);
}

TEST(Mixup, AShareIsTheLargerAndPartnersAreAPermutation) {
  Generator generator(4);
  Mixup mixup = draw_mixup(500, .4, generator);
  std::vector<i64> partner = mixup.partner;
  std::sort(partner.begin(), partner.end());
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ(partner[i], static_cast<i64>(i));
  EXPECT_GE(*std::min_element(mixup.lambda.begin(), mixup.lambda.end()), .5F);
  EXPECT_LE(*std::max_element(mixup.lambda.begin(), mixup.lambda.end()), 1.F);
  EXPECT_NE(draw_mixup(500, .4, generator).lambda, mixup.lambda);
  Generator again(4);
  EXPECT_EQ(draw_mixup(500, .4, again).lambda, mixup.lambda);
}

TEST(Mixup, MixesClipsAndLabelsByTheFormula) {
  Generator generator(5);
  Mixup mixup{{2, 0, 1}, {.75F, .5F, 1.F}};
  std::vector<i64> labels = {0, 3, 3};
  std::vector<Tensor> inputs = {rand({3, 5}, generator), rand({3, 2, 4, 6}, generator),
                                rand({3, 4, 6, 2}, generator).permute({0, 3, 1, 2})};
  for (const Tensor& x : inputs) {
    Tensor mixed = mixup.mixed(x);
    EXPECT_EQ(mixed.strides(), x.strides());
    for (i64 i = 0; i < 3; ++i) {
      double share = mixup.lambda[static_cast<std::size_t>(i)];
      Tensor other = x.select(0, mixup.partner[static_cast<std::size_t>(i)]);
      Tensor expected = x.select(0, i) * share + other * (1 - share);
      EXPECT_LE(max(abs(mixed.select(0, i) - expected)).item(), 1e-6);
    }
  }
  EXPECT_EQ(mixup.targets(labels, 4).to_vector<float>(),
            (std::vector<float>{.75F, 0, 0, .25F, .5F, 0, 0, .5F, 0, 0, 0, 1}));
}

// λ CE(y) + (1 − λ) CE(y'), the mean over the batch, with and without smoothing.
TEST(Mixup, TheLossIsBothLabels) {
  Generator generator(6);
  Tensor logits = randn({3, 4}, generator);
  Mixup mixup{{2, 0, 1}, {.75F, .5F, 1.F}};
  std::vector<i64> labels = {0, 3, 1};
  Net net;
  for (double smoothing : {0., .1}) {
    Loss loss(net, {.smoothing = smoothing});
    double expected = 0;
    for (i64 i = 0; i < 3; ++i) {
      auto at = static_cast<std::size_t>(i);
      Tensor one = logits.slice(0, i, i + 1);
      auto of = [&](i64 label) {
        return cross_entropy(one, from_vector(std::vector<i64>{label}), smoothing).item();
      };
      i64 other = labels[static_cast<std::size_t>(mixup.partner[at])];
      expected += (mixup.lambda[at] * of(labels[at]) + (1 - mixup.lambda[at]) * of(other)) / 3;
    }
    Batch batch{{}, from_vector(labels), mixup.targets(labels, 4)};
    EXPECT_NEAR(loss(Variable(logits), batch).item(), expected, 1e-6) << smoothing;
  }
}

// torch 2.15's CrossEntropyLoss(weight=5 / (3 * bincount(labels)), label_smoothing=smoothing), of
// class numbers and of probabilities, and the third row of its gradient.
TEST(Loss, WeighsBalancedClassesAsPyTorchDoes) {
  Tensor logits = from_vector<float>(
      {1, -2, .5F, .3F, .1F, -.7F, 2, 1, -1, -.5F, .25F, 1.5F, 0, 3, -3}, {5, 3});
  std::vector<i64> labels = {0, 0, 2, 1, 0};
  Tensor mixed =
      from_vector<float>({.7F, .3F, 0, 1, 0, 0, 0, .25F, .75F, .4F, .6F, 0, .5F, 0, .5F}, {5, 3});
  struct Case {
    Tensor targets;
    double smoothing, loss;
    std::vector<double> gradient;
  };
  const Case cases[] = {{{}, 0, 2.1323097, {.2351282, .0864988, -.3216270}},
                        {{}, .1, 2.1676788, {.2261994, .0734655, -.2996649}},
                        {mixed, 0, 3.0292144, {.2351282, .0031655, -.2382937}},
                        {mixed, .1, 2.9748931, {.2261994, -.0015345, -.2246649}}};
  Net net;
  for (const Case& each : cases) {
    Loss loss(net, {.smoothing = each.smoothing, .balanced = true}, labels, 3);
    Variable x(logits, true);
    Variable value = loss(x, {{}, from_vector(labels), each.targets});
    value.backward();
    EXPECT_NEAR(value.item(), each.loss, 1e-6);
    for (i64 c = 0; c < 3; ++c)
      EXPECT_NEAR(x.grad().select(0, 2).select(0, c).item(),
                  each.gradient[static_cast<std::size_t>(c)], 1e-6)
          << each.loss << " " << c;
  }
  EXPECT_TRUE(contains(error_of([&] { balanced_weights(labels, 4); }), "class 3 of 4 has no"));
}

TEST(Mixup, BatchesOfATrainingAreMixedAndOthersAreNot) {
  Examples examples = two_classes();
  const std::vector<i64> train = thirds().train;
  FittedView view(examples, {}, train);
  for (auto kind : {Pass::Kind::plain, Pass::Kind::training}) {
    Batches batches(examples, view, train, 8, {}, {kind, 7, 2, .4});
    i64 seen = 0, changed = 0;
    while (auto batch = batches.next()) {
      std::vector<i64> clips_of_batch(train.begin() + seen, train.begin() + seen + batch->size());
      bool same = equal(batch->x, examples.gather(clips_of_batch));
      EXPECT_EQ(batch->targets.defined(), kind == Pass::Kind::training);
      changed += same ? 0 : 1;
      seen += batch->size();
    }
    EXPECT_EQ(changed, kind == Pass::Kind::training ? 5 : 0);
  }
}

}  // namespace
}  // namespace melgrad
