#include <cmath>

#include "apps/harness/console/progress.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::sections {
namespace {

Html line(const RowResult& row, const Fit& fit) {
  auto accuracy = fit.measured.find("accuracy");
  double value = accuracy == fit.measured.end() ? std::nan("") : accuracy->second;
  return tag("tr", tag("td", row.title), tag("td", fit.ended),
             tag("td", fit.diverged ? "diverged" : percent(value)),
             tag("td", clock_time(fit.seconds)));
}

}  // namespace

Html pretraining(const Report& report) {
  Html rows = each(report.results.pretraining, [](const RowResult& row) {
    return each(row.fits, [&](const Fit& fit) { return line(row, fit); });
  });
  if (rows.empty()) return {};
  return tag("h2", "Trained before") +
         tag("p.note",
             "Nets that learnt another collection first, whose weights others start from.") +
         score_table({"Net", "ended", "accuracy there", "time"}, rows);
}

}  // namespace melgrad::sections
