#include "apps/harness/report/sections/words.h"

#include <algorithm>

#include "apps/harness/report/numbers.h"

namespace melgrad::sections {

const std::string& class_name(const Report& report, i64 label) {
  return report.results.classes.at(static_cast<std::size_t>(label));
}

Html with_deviation(const std::string& figure, const Measured& mean) {
  Html text = Html() + figure_text(figure, mean[figure].mean);
  if (mean.fits < 2) return text;
  return text + " " + tag("span.pm", deviation_text(figure, mean[figure].deviation));
}

Html score_table(const std::vector<std::string>& columns, const Html& rows) {
  Html head = each(columns, [](const std::string& column) {
    return tag("th", {{"scope", "col"}}, column);
  });
  return tag("div.scroll", tag("table.scores", tag("thead", tag("tr", head)), tag("tbody", rows)));
}

double seconds_an_epoch(const Report& report, const RowResult& row) {
  double seconds = 0, epochs = 0;
  for (const Fit* fit : main_fits(report, row))
    for (const Epoch& epoch : fit->history) {
      seconds += epoch.seconds;
      ++epochs;
    }
  return seconds / epochs;
}

std::vector<const Fit*> main_fits(const Report& report, const RowResult& row) {
  std::vector<const Fit*> fits;
  for (const Fit& fit : row.fits)
    if (fit.rule == report.main.name) fits.push_back(&fit);
  return fits;
}

bool has_folds(const Report& report) { return report.main.folds.size() > 1; }

std::string guessing(const Report& report) {
  return report.most_frequent.empty() ? "guessing" : "always saying " + report.most_frequent;
}

bool has_published(const Report& report) {
  const std::vector<RowResult>& rows = report.results.rows;
  return std::any_of(rows.begin(), rows.end(),
                     [](const RowResult& row) { return !row.published.empty(); });
}

std::string fit_title(const Report& report, const RowResult& row, const Fit& fit) {
  std::string title = row.title;
  if (has_folds(report)) title += ", fold " + std::to_string(fit.fold + 1);
  std::vector<const Fit*> fits = main_fits(report, row);
  bool seeds = std::any_of(fits.begin(), fits.end(),
                           [&](const Fit* other) { return other->seed != fit.seed; });
  return seeds ? title + ", seed " + std::to_string(fit.seed) : title;
}

Html legend_entry(const Html& drawing, const std::string& words) {
  return tag("li", tag("svg", {{"viewBox", "0 0 26 12"}, {"aria-hidden", "true"}}, drawing), words);
}

}  // namespace melgrad::sections
