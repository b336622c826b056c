#include <algorithm>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "apps/harness/results/swept_name.h"
#include "apps/transfer_learning/sections.h"

namespace melgrad::transfer_learning {
namespace {

Html score(const Measured& mean, const std::string& figure, const Measured& whole) {
  if (!mean.figures.contains(figure)) return tag("td", "–") + tag("td", "–");
  double points = (mean[figure].mean - whole["accuracy"].mean) * 100;
  std::string sign = points > 0 ? "+" : "";
  return tag("td.strong", sections::with_deviation(figure, mean)) +
         tag("td", whole.fits > 0 ? sign + decimal(points, 1) : "–");
}

/// A line of the table: what is off, and where its score stands.
struct Line {
  std::string without;
  const RowResult* row;
  std::string figure = "accuracy";
};

std::vector<Line> lines_of(const Report& report, const RowResult& whole) {
  std::vector<Line> lines = {{"nothing", &whole}};
  const Fit* fit = first_fit(whole, report.main.name);
  if (fit != nullptr && fit->measured.contains("plain: accuracy"))
    lines.push_back({"test-time augmentation", &whole, "plain: accuracy"});
  for (const RowResult& row : report.results.rows) {
    auto [base, settings] = parse_swept_name(row.name);
    if (base == whole.name && !row.fits.empty() && settings.size() == 1 &&
        settings[0].first == "without")
      lines.push_back({settings[0].second, &row});
  }
  return lines;
}

Html table(const Report& report, const RowResult& whole, const std::vector<Line>& lines) {
  std::vector<std::string> columns = {"Without"};
  for (const RuleUsed& rule : report.results.rules) {
    columns.push_back(rule.title);
    columns.emplace_back("points");
  }
  Html rows = each(lines, [&](const Line& line) {
    return tag("tr", tag("td", line.without), each(report.results.rules, [&](const RuleUsed& rule) {
                 return score(measured(*line.row, rule.name), line.figure,
                              measured(whole, rule.name));
               }));
  });
  return tag("h3.apart", whole.title) + sections::score_table(columns, rows);
}

}  // namespace

Html ablation(const Report& report) {
  Html all;
  for (const RowResult& row : report.results.rows) {
    bool is_swept = !parse_swept_name(row.name).settings.empty();
    std::vector<Line> lines = is_swept ? std::vector<Line>() : lines_of(report, row);
    bool any =
        std::any_of(lines.begin(), lines.end(), [&](const Line& line) { return line.row != &row; });
    if (any) all += table(report, row, lines);
  }
  if (all.empty()) return {};
  return tag("h2", "What each part is worth") +
         tag("p.note",
             "Each line is the net with one thing switched off, by the same recipe, seed and "
             "split. Test-time augmentation is no part of the training: without it the same "
             "weights are asked of the clips as they are.") +
         all;
}

}  // namespace melgrad::transfer_learning
