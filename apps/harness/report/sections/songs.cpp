#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::sections {
namespace {

constexpr const char* figure = "song accuracy";

Html line(const Report& report, const RowResult& row) {
  Html cells;
  bool any = false;
  for (const RuleUsed& rule : report.results.rules) {
    Measured mean = measured(row, rule.name);
    bool has = mean.figures.contains(figure);
    any = any || has;
    cells += has ? tag("td", with_deviation("accuracy", mean)) +
                       tag("td.strong", with_deviation(figure, mean))
                 : tag("td", "–") + tag("td", "–");
  }
  return any ? tag("tr", tag("td", row.title), cells) : Html();
}

}  // namespace

Html songs(const Report& report) {
  Html rows = each(report.results.rows, [&](const RowResult& row) { return line(report, row); });
  if (rows.empty()) return {};
  Html groups = tag("th"), columns = tag("th", {{"scope", "col"}}, "Net");
  for (const RuleUsed& rule : report.results.rules) {
    groups += tag("th", {{"colspan", "2"}, {"scope", "colgroup"}}, rule.title,
                  rule.leaks ? Html() + " " + tag("span.mark.inf", "leaks") : Html());
    columns += tag("th", {{"scope", "col"}}, "clips") + tag("th", {{"scope", "col"}}, "songs");
  }
  return tag("h3.apart", "Clips and songs") +
         tag("p.note",
             "A song's genre is the strongest in the mean over those of its clips that are tested: "
             "of a split over clips that is a part of them.") +
         tag("div.scroll", tag("table.scores", tag("thead", tag("tr", groups), tag("tr", columns)),
                               tag("tbody", rows)));
}

}  // namespace melgrad::sections
