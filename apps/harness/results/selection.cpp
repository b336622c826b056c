#include "apps/harness/results/selection.h"

#include <cmath>
#include <limits>

#include "kernels/error.h"

namespace melgrad {
namespace {

bool ended(const Fit& fit, const std::string& rule) {
  return fit.rule == rule && !fit.diverged && fit.measured.contains("accuracy");
}

double mean_of_others(const std::vector<double>& accuracies, i64 left_out) {
  double sum = 0;
  for (std::size_t fold = 0; fold < accuracies.size(); ++fold)
    if (static_cast<i64>(fold) != left_out) sum += accuracies[fold];
  return sum / static_cast<double>(accuracies.size() - 1);
}

}  // namespace

double fold_accuracy(const RowResult& row, const std::string& rule, i64 fold) {
  std::vector<double> accuracies;
  for (const Fit& fit : row.fits)
    if (ended(fit, rule) && fit.fold == fold) accuracies.push_back(fit.measured.at("accuracy"));
  return accuracies.empty() ? std::numeric_limits<double>::quiet_NaN()
                            : mean_and_deviation(accuracies).mean;
}

std::vector<Choice> chosen_elsewhere(const std::vector<const RowResult*>& rows,
                                     const std::string& rule, i64 folds) {
  if (folds < 2) return {};
  std::vector<Choice> choices;
  for (i64 fold = 0; fold < folds; ++fold) {
    Choice best{fold, nullptr, 0};
    double highest = -1;
    for (const RowResult* row : rows) {
      std::vector<double> accuracies;
      for (i64 each = 0; each < folds; ++each)
        accuracies.push_back(fold_accuracy(*row, rule, each));
      double elsewhere = mean_of_others(accuracies, fold);
      bool whole =
          std::isfinite(elsewhere) && std::isfinite(accuracies.at(static_cast<std::size_t>(fold)));
      if (!whole || elsewhere <= highest) continue;
      highest = elsewhere;
      best = {fold, row, accuracies.at(static_cast<std::size_t>(fold))};
    }
    if (best.row == nullptr) return {};
    choices.push_back(best);
  }
  return choices;
}

Paired paired(const std::vector<const RowResult*>& a, const std::vector<const RowResult*>& b,
              const std::string& rule) {
  check(a.size() == b.size(), "paired", "{} rows beside {}", a.size(), b.size());
  Paired result;
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (const Fit& one : a[i]->fits)
      for (const Fit& other : b[i]->fits) {
        bool pair = ended(one, rule) && ended(other, rule) && one.fold == other.fold &&
                    one.seed == other.seed;
        if (!pair) continue;
        differences.push_back(one.measured.at("accuracy") - other.measured.at("accuracy"));
        result.higher += differences.back() > 0;
      }
  result.pairs = static_cast<i64>(differences.size());
  result.difference = mean_and_deviation(differences);
  return result;
}

}  // namespace melgrad
