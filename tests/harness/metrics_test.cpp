#include "apps/harness/metrics.h"

#include <gtest/gtest.h>

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

TEST(Confusion, AddsUpAndRefusesUnknownClasses) {
  Confusion confusion(2);
  confusion.add(0, 1);
  confusion.add(0, 1);
  confusion.add(1, 1);
  EXPECT_EQ(confusion.counts(), (std::vector<i64>{0, 2, 0, 1}));
  EXPECT_THROW(confusion.add(0, 2), Error);
  EXPECT_THROW(confusion.add(-1, 0), Error);
  EXPECT_THROW(Confusion(std::vector<i64>{1, 2, 3}), Error);
}

TEST(Confusion, OfNothingIsZero) {
  EXPECT_EQ(Confusion(3).accuracy(), 0);
  EXPECT_EQ(Confusion(3).macro_f1(), 0);
}

TEST(MeanAndDeviation, UsesTheSamplesDeviation) {
  MeanDeviation result = mean_and_deviation({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(result.mean, 2.5);
  EXPECT_DOUBLE_EQ(result.deviation, 1.2909944487358056);  // √(5/3)
  EXPECT_EQ(mean_and_deviation({7}).deviation, 0);
}

}  // namespace
}  // namespace melgrad
