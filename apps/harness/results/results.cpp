#include "apps/harness/results/results.h"

#include <algorithm>
#include <limits>

#include "kernels/error.h"

namespace melgrad {
namespace {

template <class Keep>
std::vector<const Fit*> fits_that(const RowResult& row, Keep keep) {
  std::vector<const Fit*> found;
  for (const Fit& fit : row.fits)
    if (keep(fit)) found.push_back(&fit);
  return found;
}

template <class Value>
MeanDeviation over(const std::vector<const Fit*>& fits, Value value) {
  std::vector<double> values;
  values.reserve(fits.size());
  for (const Fit* fit : fits) values.push_back(value(*fit));
  return mean_and_deviation(values);
}

}  // namespace

const RowResult* find_row(const std::vector<RowResult>& rows, const std::string& name) {
  auto found = std::find_if(rows.begin(), rows.end(),
                            [&](const RowResult& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

double published(const RowResult& row, const std::string& figure) {
  auto found = row.published.find(figure);
  return found == row.published.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

std::vector<i64> tested_of_classes(const Results& results, const RuleUsed& rule) {
  std::vector<i64> counts(results.classes.size(), 0);
  for (const Split& fold : rule.folds)
    for (i64 index : fold.test) {
      const ClipInfo& clip = results.clips.at(static_cast<std::size_t>(index));
      ++counts.at(static_cast<std::size_t>(clip.label));
    }
  return counts;
}

MeanDeviation Measured::operator[](const std::string& figure) const {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  auto found = figures.find(figure);
  return found == figures.end() ? MeanDeviation{nan, nan} : found->second;
}

Figures validation_figures(const std::vector<Epoch>& history) {
  if (history.empty()) return {};
  double best = history.front().valid_accuracy;
  for (const Epoch& epoch : history) best = std::max(best, epoch.valid_accuracy);
  return {{"final validation accuracy", history.back().valid_accuracy},
          {"final validation loss", history.back().valid_loss},
          {"best validation accuracy", best}};
}

Measured measured(const RowResult& row, const std::string& rule) {
  auto of_rule = fits_that(row, [&](const Fit& fit) { return fit.rule == rule; });
  auto fits = fits_that(row, [&](const Fit& fit) { return fit.rule == rule && !fit.diverged; });
  Measured result;
  result.fits = static_cast<i64>(fits.size());
  result.diverged = static_cast<i64>(of_rule.size() - fits.size());
  std::map<std::string, std::vector<double>> values;
  for (const Fit* fit : fits)
    for (const auto& [name, value] : fit->measured) values[name].push_back(value);
  for (const auto& [name, all] : values) result.figures[name] = mean_and_deviation(all);
  result.seconds = over(fits, [](const Fit& fit) { return fit.seconds; });
  result.waited = over(fits, [](const Fit& fit) { return fit.waited; });
  return result;
}

std::vector<const Fit*> folds_of(const RowResult& row, const std::string& rule) {
  auto fits = fits_that(row, [&](const Fit& fit) { return fit.rule == rule && !fit.diverged; });
  if (fits.empty()) return fits;
  u64 seed = fits.front()->seed;
  fits.erase(
      std::remove_if(fits.begin(), fits.end(), [&](const Fit* fit) { return fit->seed != seed; }),
      fits.end());
  std::stable_sort(fits.begin(), fits.end(),
                   [](const Fit* a, const Fit* b) { return a->fold < b->fold; });
  return fits;
}

const Fit* first_fit(const RowResult& row, const std::string& rule) {
  std::vector<const Fit*> fits = folds_of(row, rule);
  return fits.empty() ? nullptr : fits.front();
}

Confusion pooled_confusion(const RowResult& row, const std::string& rule) {
  Confusion sum;
  for (const Fit* fit : folds_of(row, rule)) sum += fit->confusion;
  return sum;
}

std::map<i64, Prediction> pooled_predictions(const RowResult& row, const RuleUsed& rule) {
  std::map<i64, Prediction> said;
  for (const Fit* fit : folds_of(row, rule.name)) {
    check(fit->fold >= 0 && fit->fold < static_cast<i64>(rule.folds.size()), "results",
          "{} has a fit of fold {}, but {} has {} folds", row.name, fit->fold, rule.name,
          rule.folds.size());
    const std::vector<i64>& test = rule.folds[static_cast<std::size_t>(fit->fold)].test;
    check(fit->predictions.size() == test.size(), "results",
          "{} has {} predictions in fold {} of {}, which tests {} clips", row.name,
          fit->predictions.size(), fit->fold, rule.name, test.size());
    for (std::size_t i = 0; i < test.size(); ++i) said.emplace(test[i], fit->predictions[i]);
  }
  return said;
}

}  // namespace melgrad
