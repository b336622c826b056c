#pragma once
#include <string>
#include <vector>

#include "apps/harness/results/results.h"

/// What folds tell of several rows at once.
namespace melgrad {

/// Accuracy of a row on a fold, the mean over seeds; NaN where no fit of it ended.
double fold_accuracy(const RowResult& row, const std::string& rule, i64 fold);

/// A row that was chosen for a fold, and its accuracy there.
struct Choice {
  i64 fold = 0;
  const RowResult* row = nullptr;
  double accuracy = 0;
};
/// Whoever chooses the best of several rows by the folds that score them gets a score that is too
/// good. Here for each fold that row is chosen which has the highest mean accuracy on all others; the
/// mean of what they reach on the folds that had no say is what choosing is worth. Of rows with all
/// `folds`; none where there are fewer than two folds.
std::vector<Choice> chosen_elsewhere(const std::vector<const RowResult*>& rows,
                                     const std::string& rule, i64 folds);

/// Accuracy of `a` less that of `b`, on folds and seeds that both have.
struct Paired {
  i64 pairs = 0, higher = 0;  // of them a is better in so many
  MeanDeviation difference;
};
Paired paired(const std::vector<const RowResult*>& a, const std::vector<const RowResult*>& b,
              const std::string& rule);

}  // namespace melgrad
