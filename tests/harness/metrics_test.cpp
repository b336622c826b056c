#include "apps/harness/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernels/error.h"

namespace melgrad {
namespace {

// scikit-learn 1.5's precision_recall_fscore_support on
// truth 0 0 0 0 1 1 1 2 2 2, predicted 0 0 1 1 1 1 0 0 1 1.
TEST(Confusion, EqualsScikitLearn) {
  Confusion confusion({2, 2, 0, 1, 2, 0, 1, 2, 0});
  EXPECT_EQ(confusion.total(), 10);
  EXPECT_DOUBLE_EQ(confusion.accuracy(), .4);
  EXPECT_DOUBLE_EQ(confusion.score(0).precision, .5);
  EXPECT_DOUBLE_EQ(confusion.score(0).recall, .5);
  EXPECT_DOUBLE_EQ(confusion.score(0).f1, .5);
  EXPECT_DOUBLE_EQ(confusion.score(1).precision, 1. / 3);
  EXPECT_DOUBLE_EQ(confusion.score(1).recall, 2. / 3);
  EXPECT_DOUBLE_EQ(confusion.score(1).f1, 4. / 9);
  EXPECT_EQ(confusion.score(2).support, 3);
  EXPECT_EQ(confusion.score(2).f1, 0);  // never predicted: 0 / 0 counts as 0
  EXPECT_DOUBLE_EQ(confusion.macro_f1(), (.5 + 4. / 9) / 3);
}

TEST(Confusion, EveryScoreOfManyMatrices) {
  std::mt19937 random(5);
  for (i64 classes = 1; classes <= 5; ++classes)
    for (int trial = 0; trial < 20; ++trial) {
      // Few examples: classes that are absent, or never predicted, come up as well.
      std::vector<std::pair<i64, i64>> examples(random() % 12);
      Confusion confusion(classes);
      for (auto& [truth, predicted] : examples) {
        truth = static_cast<i64>(random() % static_cast<unsigned>(classes));
        predicted = static_cast<i64>(random() % static_cast<unsigned>(classes));
        confusion.add(truth, predicted);
      }
      auto count = [&](auto holds) {
        return static_cast<double>(std::count_if(examples.begin(), examples.end(), holds));
      };
      auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
      double sum = 0;
      for (i64 c = 0; c < classes; ++c) {
        double truly = count([c](auto e) { return e.first == c; });
        double predicted = count([c](auto e) { return e.second == c; });
        double right = count([c](auto e) { return e.first == c && e.second == c; });
        double precision = ratio(right, predicted), recall = ratio(right, truly);
        double f1 = ratio(2 * precision * recall, precision + recall);
        ClassScore score = confusion.score(c);
        EXPECT_DOUBLE_EQ(score.precision, precision);
        EXPECT_DOUBLE_EQ(score.recall, recall);
        EXPECT_NEAR(score.f1, f1, 1e-15);
        EXPECT_EQ(score.support, truly);
        sum += f1;
      }
      auto size = static_cast<double>(examples.size());
      EXPECT_EQ(confusion.total(), size);
      EXPECT_DOUBLE_EQ(confusion.accuracy(),
                       ratio(count([](auto e) { return e.first == e.second; }), size));
      EXPECT_NEAR(confusion.macro_f1(), sum / static_cast<double>(classes), 1e-15);
    }
}

TEST(Confusion, AClassThatIsAbsentCountsAsZero) {
  EXPECT_DOUBLE_EQ(Confusion({2, 0, 0, 1, 1, 0, 0, 0, 0}).macro_f1(), (4. / 5 + 2. / 3) / 3);
}

TEST(Confusion, AddsUpAndRefusesUnknownClasses) {
  Confusion confusion(2);
  confusion.add(0, 1);
  confusion.add(0, 1);
  confusion.add(1, 1);
  EXPECT_EQ(confusion.counts(), (std::vector<i64>{0, 2, 0, 1}));
  EXPECT_EQ(confusion(0, 1), 2);
  EXPECT_EQ(confusion(1, 0), 0);
  EXPECT_EQ(confusion.classes(), 2);
  EXPECT_EQ(Confusion(std::vector<i64>(16, 1)).classes(), 4);
  for (auto [truth, predicted] : {std::pair(0, 2), {2, 0}, {-1, 0}, {0, -1}})
    EXPECT_THROW(confusion.add(truth, predicted), Error);
  EXPECT_THROW(Confusion(std::vector<i64>{1, 2, 3}), Error);
}

TEST(Confusion, OfNothingIsZero) {
  EXPECT_EQ(Confusion(3).accuracy(), 0);
  EXPECT_EQ(Confusion(3).macro_f1(), 0);
  EXPECT_EQ(Confusion().macro_f1(), 0);
  EXPECT_EQ(Confusion().total(), 0);
}

TEST(MeanAndDeviation, UsesTheSamplesDeviation) {
  MeanDeviation result = mean_and_deviation({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(result.mean, 2.5);
  EXPECT_DOUBLE_EQ(result.deviation, 1.2909944487358056);  // √(5/3)
  EXPECT_EQ(mean_and_deviation({7}).deviation, 0);
  EXPECT_EQ(mean_and_deviation({7}).mean, 7);
  EXPECT_DOUBLE_EQ(mean_and_deviation({-1, 3}).deviation, 2.8284271247461903);  // √8
  EXPECT_EQ(mean_and_deviation({}).mean, 0);
}

}  // namespace
}  // namespace melgrad
