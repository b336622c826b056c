#pragma once
#include <string>
#include <vector>

#include "apps/harness/planning/splitting.h"

namespace melgrad {

class TestedWeights;

/// One fit of a study: a row, trained on one split from one seed.
struct PlannedFit {
  const Row* row = nullptr;
  std::size_t rule = 0;  // of the run's RuleSplits
  i64 fold = 0;
  u64 seed = 0;
  std::string name;          // "base_cnn-stratified-0", of several folds "base_cnn-folds.2-0"
  bool only_tested = false;  // with weights that are given, once whatever the seeds
};

/// The rows that --nets names, or those that are not on request. Throws Error on a name that is none.
std::vector<const Row*> chosen_rows(const Study& study, const std::vector<std::string>& names);

/// Rows × seeds × rules × folds, without those that --only and --folds leave out; of rows that have
/// their weights from `tested` those of the first seed. Throws Error where nothing is left.
std::vector<PlannedFit> plan(const std::vector<const Row*>& rows,
                             const std::vector<RuleSplits>& rules, const Options& options,
                             const TestedWeights* tested = nullptr);

}  // namespace melgrad
