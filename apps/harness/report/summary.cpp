#include "apps/harness/report/summary.h"

#include <algorithm>

#include "apps/harness/lists.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/report.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad {
namespace {

using Runs = std::vector<ComparedRun>;

const RowResult* row_of(const ComparedRun& column, const std::string& name) {
  return column.results ? find_row(column.results->rows, name) : nullptr;
}

// "73.1 %", and small "song 80.0 %".
Html cell(const ComparedRun& column, const std::string& name, const std::string& rule) {
  const RowResult* row = row_of(column, name);
  if (row == nullptr) return tag("td", "–");
  Measured mean = measured(*row, rule);
  if (mean.fits == 0) return tag("td", mean.diverged > 0 ? "diverged" : "–");
  Html text = sections::with_deviation("accuracy", mean);
  if (mean.figures.contains("song accuracy"))
    text += tag("small", " song ", figure_text("song accuracy", mean["song accuracy"].mean));
  return tag("td", text);
}

// Names and titles, in the order of the first run that has them.
template <class List>
std::vector<std::pair<std::string, std::string>> titles(const Runs& columns, List list) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const ComparedRun& column : columns)
    if (column.results)
      for (const auto& item : list(*column.results))
        if (std::pair entry(item.name, item.title); !contains(all, entry)) all.push_back(entry);
  return all;
}

bool ran(const Runs& columns, const std::string& name) {
  return std::any_of(columns.begin(), columns.end(), [&](const ComparedRun& column) {
    const RowResult* row = row_of(column, name);
    return row != nullptr && !row->fits.empty();
  });
}

Html heads(const Runs& columns) {
  return tag("th", {{"scope", "col"}}, "Net") + each(columns, [](const ComparedRun& column) {
           Html link = tag("a", {{"href", link_to(column.report)}}, column.title);
           return tag("th", {{"scope", "col"}}, column.results ? link : Html() + column.title);
         });
}

Html clips(const Runs& columns) {
  return tag("tr", tag("td", "clips"), each(columns, [](const ComparedRun& column) {
               auto count = [](const Results& r) { return static_cast<i64>(r.clips.size()); };
               return tag("td", column.results ? thousands(count(*column.results)) : "–");
             }));
}

}  // namespace

Html summary(const Runs& columns) {
  auto rows = titles(columns, [](const Results& results) { return results.rows; });
  auto rules = titles(columns, [](const Results& results) { return results.rules; });
  Html tables = each(rules, [&](const auto& rule) {
    Html lines = each(rows, [&](const auto& row) {
      if (!ran(columns, row.first)) return Html();
      return tag("tr", tag("td", row.second), each(columns, [&](const ComparedRun& column) {
                   return cell(column, row.first, rule.first);
                 }));
    });
    return tag("h3.apart", rule.second) +
           tag("div.scroll", tag("table.scores", tag("thead", tag("tr", heads(columns))),
                                 tag("tbody", clips(columns), lines)));
  });
  const char* title = "The same nets on other clips";
  Html body = tag("h1", title) +
              tag("p.lead", "Test accuracy. Each column is a run with a report of its own.") +
              tables;
  Html head =
      tag("meta", {{"charset", "utf-8"}}) + tag("title", title) +
      tag("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
      tag("style", Html::markup(report_style));
  return Html::markup("<!doctype html>") +
         tag("html", {{"lang", "en"}}, tag("head", head), tag("body", tag("main", body)));
}

}  // namespace melgrad
