#include <algorithm>
#include <cmath>

#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/words.h"
#include "apps/transfer_learning/sections.h"

namespace melgrad::transfer_learning {
namespace {

const std::string peak = "best validation accuracy";

// The epoch of the first fit's peak, counted from 1.
std::string peak_epoch(const Fit& fit) {
  auto best = std::max_element(
      fit.history.begin(), fit.history.end(),
      [](const Epoch& a, const Epoch& b) { return a.valid_accuracy < b.valid_accuracy; });
  return best == fit.history.end() ? "–" : std::to_string(best - fit.history.begin() + 1);
}

// Of the fits of the main rule that ended; every epoch's validation is in their histories.
Measured of_validation(const Report& report, const RowResult& row) {
  Measured mean;
  std::map<std::string, std::vector<double>> values;
  for (const Fit* fit : sections::main_fits(report, row)) {
    if (fit->diverged) continue;
    ++mean.fits;
    for (const auto& [name, value] : validation_figures(fit->history))
      values[name].push_back(value);
  }
  for (const auto& [name, all] : values) mean.figures[name] = mean_and_deviation(all);
  return mean;
}

Html line(const Report& report, const RowResult& row) {
  const Fit* fit = first_fit(row, report.main.name);
  if (fit == nullptr || fit->history.empty()) return {};
  Measured valid = of_validation(report, row);
  return tag("tr", tag("td", row.title), tag("td", percent(published(row, peak))),
             tag("td.strong", sections::with_deviation(peak, valid)), tag("td", peak_epoch(*fit)),
             tag("td", sections::with_deviation("final validation accuracy", valid)),
             tag("td", sections::with_deviation("accuracy", measured(row, report.main.name))),
             tag("td", fixed_point(sections::seconds_an_epoch(report, row), 1)));
}

Html plot(const Report& report) {
  std::vector<NamedPoint> points;
  for (const RowResult* row : report.ran) {
    double accuracy = of_validation(report, *row)[peak].mean;
    if (std::isfinite(accuracy))
      points.push_back({row->title, sections::seconds_an_epoch(report, *row), accuracy});
  }
  return accuracy_points(points, "seconds an epoch");
}

}  // namespace

Html peaks(const Report& report) {
  Html rows = each(report.results.rows, [&](const RowResult& row) { return line(report, row); });
  if (rows.empty()) return {};
  return tag("h2", "Peak accuracy, and what an epoch takes") +
         tag("p.note",
             "The write-up gives the highest accuracy that any epoch had on the validation part, "
             "which chooses the epoch by the clips that score it. Beside it the last epoch's, and "
             "what is said of the test part, with test-time augmentation where the row has it.") +
         sections::score_table({"Net", "published peak", "peak", "its epoch", "last epoch",
                                "test part", "s an epoch"},
                               rows) +
         tag("h3.apart", "Peak accuracy against the time of an epoch") +
         tag("article.card", {{"style", "max-width: 36rem"}}, plot(report));
}

}  // namespace melgrad::transfer_learning
