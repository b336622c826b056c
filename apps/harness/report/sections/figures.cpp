#include <cmath>
#include <set>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::sections {
namespace {

bool in_the_main_table(const std::string& figure) {
  return figure == "accuracy" || figure == "loss";
}

// Figures that a write-up has of some row: each is a column.
std::set<std::string> published_figures(const Results& results) {
  std::set<std::string> names;
  for (const RowResult& row : results.rows)
    for (const auto& [name, value] : row.published)
      if (!in_the_main_table(name)) names.insert(name);
  return names;
}

bool has_some(const RowResult& row) {
  for (const auto& [name, value] : row.published)
    if (!in_the_main_table(name)) return true;
  return false;
}

Html two_lines(const Report& report, const std::set<std::string>& names, const RowResult& row) {
  Measured mean = measured(row, report.main.name);
  Html said = tag("th", {{"scope", "rowgroup"}, {"rowspan", "2"}}, row.title) +
              tag("th", {{"scope", "row"}}, "published");
  Html found = tag("th", {{"scope", "row"}}, "measured");
  for (const std::string& name : names) {
    auto published = row.published.find(name);
    double value = published == row.published.end() ? std::nan("") : published->second;
    said += tag("td", figure_text(name, value));
    found +=
        tag("td.strong", mean.fits > 0 && mean.figures.contains(name) ? with_deviation(name, mean)
                                                                      : Html() + "–");
  }
  said += tag("td", "–");
  found += tag("td.strong", mean.fits > 0 ? decimal(seconds_an_epoch(report, row), 1) : "–");
  return tag("tbody", tag("tr", said), tag("tr", found));
}

}  // namespace

Html figures(const Report& report) {
  std::set<std::string> names = published_figures(report.results);
  if (names.empty()) return {};
  Html head = tag("th") + tag("th") +
              each(names,
                   [](const std::string& name) {
                     return tag("th", {{"scope", "col"}}, name);
                   }) +
              tag("th", {{"scope", "col"}}, "s an epoch");
  Html rows = each(report.results.rows, [&](const RowResult& row) {
    return has_some(row) ? two_lines(report, names, row) : Html();
  });
  return tag("h3.apart", "What else was published") +
         tag("div.scroll", tag("table.scores.pairs", tag("thead", tag("tr", head)), rows));
}

}  // namespace melgrad::sections
