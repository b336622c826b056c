// The best of several rows, chosen by folds that do not score it; and rows side by side.
#include "apps/harness/results/selection.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/error_of.h"

namespace melgrad {
namespace {

/// A fit a fold, of two seeds whose mean is the accuracy.
RowResult row_of(const std::string& name, const std::vector<double>& accuracies) {
  RowResult row;
  row.name = name;
  for (std::size_t fold = 0; fold < accuracies.size(); ++fold)
    for (u64 seed : {0, 1}) {
      Fit fit;
      fit.rule = "folds";
      fit.seed = seed;
      fit.fold = static_cast<i64>(fold);
      fit.measured = {{"accuracy", accuracies[fold] + (seed == 0 ? -.05 : .05)}};
      row.fits.push_back(fit);
      fit.rule = "other";
      fit.measured = {{"accuracy", 0}};
      row.fits.push_back(fit);
    }
  return row;
}

// By the folds that score them "a" is the best. Where fold 0 has no say it is "b".
TEST(ChosenElsewhere, IsScoredOnTheFoldThatHadNoSay) {
  RowResult a = row_of("a", {.9, .4, .5}), b = row_of("b", {.2, .6, .5}), c = row_of("c", {1});
  std::vector<const RowResult*> rows = {&a, &b, &c};
  std::vector<Choice> choices = chosen_elsewhere(rows, "folds", 3);
  ASSERT_EQ(choices.size(), 3u);
  std::vector<std::string> names;
  std::vector<double> accuracies;
  for (const Choice& choice : choices) {
    names.push_back(choice.row->name);
    accuracies.push_back(choice.accuracy);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"b", "a", "a"}));  // means .55 and .45, …
  EXPECT_NEAR(accuracies[0], .2, 1e-12);
  EXPECT_NEAR(accuracies[1], .4, 1e-12);
  EXPECT_NEAR(accuracies[2], .5, 1e-12);
  EXPECT_TRUE(chosen_elsewhere(rows, "none", 3).empty());
  EXPECT_TRUE(chosen_elsewhere(rows, "folds", 1).empty());
  EXPECT_TRUE(chosen_elsewhere({&c}, "folds", 3).empty());
}

TEST(FoldAccuracy, IsTheMeanOfSeedsThatDidNotDiverge) {
  RowResult a = row_of("a", {.9, .4});
  EXPECT_NEAR(fold_accuracy(a, "folds", 1), .4, 1e-12);
  a.fits[4].diverged = true;  // seed 0 of fold 1
  EXPECT_NEAR(fold_accuracy(a, "folds", 1), .45, 1e-12);
  EXPECT_TRUE(std::isnan(fold_accuracy(a, "folds", 2)));
}

TEST(Paired, IsOverFoldsAndSeedsOfBoth) {
  RowResult a = row_of("a", {.5, .6, .7}), b = row_of("b", {.4, .7});
  Paired difference = paired({&a}, {&b}, "folds");
  EXPECT_EQ(difference.pairs, 4);
  EXPECT_EQ(difference.higher, 2);
  EXPECT_NEAR(difference.difference.mean, 0, 1e-12);
  EXPECT_NEAR(difference.difference.deviation, .2 / std::sqrt(3.), 1e-12);  // ±.1, n − 1 = 3
  EXPECT_EQ(paired({&a, &b}, {&b, &a}, "folds").pairs, 8);
  EXPECT_EQ(paired({&a}, {&b}, "none").pairs, 0);
  EXPECT_TRUE(contains(error_of([&] { paired({&a}, {}, "folds"); }), "1 rows beside 0"));
}

}  // namespace
}  // namespace melgrad
