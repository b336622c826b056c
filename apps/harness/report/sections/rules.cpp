#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::sections {
namespace {

Html heading(const RuleUsed& rule) {
  return tag("th", {{"scope", "col"}}, rule.title,
             rule.leaks ? Html() + " " + tag("span.mark.inf", "leaks") : Html());
}

// What can be believed is set in bold: the score without a leak.
Html score(const RuleUsed& rule, const Measured& mean) {
  Html text = with_deviation("accuracy", mean);
  return tag("td", rule.leaks ? text : tag("b", text));
}

Html beside(const Report& report, const RuleUsed& other) {
  Html rows = each(report.ran, [&](const RowResult* row) {
    Measured a = measured(*row, report.main.name), b = measured(*row, other.name);
    if (b.fits == 0) return Html();
    double points = (b["accuracy"].mean - a["accuracy"].mean) * 100;
    return tag("tr", tag("td", row->title), score(report.main, a), score(other, b),
               tag("td", decimal(points, 1), " points"));
  });
  Html leak =
      report.main.leaks || other.leaks
          ? tag("p.note",
                "Where a split leaks, test clips have had a part in the training: pieces of their "
                "recording or album are learnt, or it stops when they are scored best.")
          : Html();
  Html text = tag("h3.apart", report.main.title, ", and ", other.title) +
              (other.note.empty() ? Html() : tag("p.note", other.note)) + leak;
  if (rows.empty()) return text + tag("p.note", "No net has finished under both yet.");
  Html head = tag("tr", tag("th", {{"scope", "col"}}, "Net"), heading(report.main), heading(other),
                  tag("th", {{"scope", "col"}}, "difference"));
  return text + tag("div.scroll", tag("table.scores", tag("thead", head), tag("tbody", rows)));
}

}  // namespace

Html rules(const Report& report) {
  Html all;
  for (const RuleUsed& rule : report.results.rules)
    if (&rule != &report.main) all += beside(report, rule);
  return all;
}

}  // namespace melgrad::sections
