#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "apps/transfer_learning/sections.h"

namespace melgrad::transfer_learning {
namespace {

// A count's mean over fits.
std::string count_text(const Measured& mean, const std::string& figure) {
  return decimal(mean[figure].mean, 1);
}

Html line(const RowResult& row, const RuleUsed& rule) {
  Measured mean = measured(row, rule.name);
  if (!mean.figures.contains("plain: accuracy")) return {};
  return tag(
      "tr", tag("td", row.title), tag("td", sections::with_deviation("plain: accuracy", mean)),
      tag("td", sections::with_deviation("copies: accuracy", mean)),
      tag("td", sections::with_deviation("copies, .25 plain: accuracy", mean)),
      tag("td", count_text(mean, "copies: better")), tag("td", count_text(mean, "copies: worse")));
}

Html of_rule(const Report& report, const RuleUsed& rule) {
  Html rows = each(report.results.rows, [&](const RowResult& row) { return line(row, rule); });
  if (rows.empty()) return {};
  return tag("h3.apart", rule.title) +
         sections::score_table(
             {"Net", "as they are", "mean of the copies", ".75 mean + .25 as they are",
              "changed for the better", "for the worse"},
             rows);
}

}  // namespace

Html copies(const Report& report) {
  Html all =
      each(report.results.rules, [&](const RuleUsed& rule) { return of_rule(report, rule); });
  if (all.empty()) return {};
  return tag("h2", "What test-time augmentation changed") +
         tag("p.note",
             "The strengths of a test clip are the mean over augmented copies of it. The write-up "
             "takes the copies alone, fastai a quarter of the clip as it is beside them; the table "
             "of nets has what the run asked for, and the last two columns count clips whose "
             "answer that changed.") +
         all;
}

}  // namespace melgrad::transfer_learning
