#include <cmath>
#include <map>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

Html cell(const Fit* fit) {
  if (fit == nullptr) return tag("td", "–");
  if (fit->diverged) return tag("td", tag("span.wrong", "diverged"));
  auto accuracy = fit->measured.find("accuracy");
  return tag("td", percent(accuracy == fit->measured.end() ? std::nan("") : accuracy->second));
}

// A line for each seed.
Html lines(const Report& report, const RowResult& row) {
  std::map<u64, std::map<i64, const Fit*>> by_seed;
  for (const Fit* fit : main_fits(report, row)) by_seed[fit->seed][fit->fold] = fit;
  auto folds = static_cast<i64>(report.main.folds.size());
  Html all;
  for (const auto& [seed, fits] : by_seed) {
    std::string title = by_seed.size() > 1 ? format("{}, seed {}", row.title, seed) : row.title;
    Html line = tag("th", {{"scope", "row"}}, title);
    for (i64 fold = 0; fold < folds; ++fold) {
      auto found = fits.find(fold);
      line += cell(found == fits.end() ? nullptr : found->second);
    }
    all += tag("tr", line);
  }
  return all;
}

}  // namespace

Html folds(const Report& report) {
  if (!has_folds(report)) return {};
  Html rows = each(report.results.rows, [&](const RowResult& row) { return lines(report, row); });
  if (rows.empty()) return {};
  std::vector<std::string> columns = {"Net"};
  for (std::size_t fold = 1; fold <= report.main.folds.size(); ++fold)
    columns.push_back(format("fold {}", fold));
  return tag("h3.apart", "Accuracy, fold by fold") + score_table(columns, rows);
}

}  // namespace melgrad::sections
