#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

Html card(const Report& report, const RowResult& row) {
  Confusion confusion = pooled_confusion(row, report.main.name);
  std::size_t folds = folds_of(row, report.main.name).size();
  std::string of = folds > 1 ? format(" right in {} folds", folds) : " right";
  return tag("article.card", tag("h3", row.title), tag("p", percent(confusion.accuracy()) + of),
             confusion_table(confusion, report.results.classes));
}

Html class_by_class(const Report& report, const RowResult& row) {
  Confusion confusion = pooled_confusion(row, report.main.name);
  Html head = each(std::initializer_list<std::string>{"Genre", "precision", "recall", "F1",
                                                      report.results.unit + "s"},
                   [](const std::string& name) {
                     return tag("th", {{"scope", "col"}}, name);
                   });
  Html rows;
  for (i64 c = 0; c < confusion.classes(); ++c) {
    ClassScore score = confusion.score(c);
    rows += tag("tr", tag("td", class_name(report, c)), tag("td", fixed_point(score.precision, 2)),
                tag("td", fixed_point(score.recall, 2)), tag("td", fixed_point(score.f1, 2)),
                tag("td", score.support));
  }
  return tag("h3.apart", row.title, ", genre by genre") +
         tag("table.scores", tag("thead", tag("tr", head)), tag("tbody", rows));
}

}  // namespace

Html confusions(const Report& report) {
  if (report.ran.empty()) return {};
  Html cards = each(report.ran, [&](const RowResult* row) { return card(report, *row); });
  return tag("h2", "What is taken for what") +
         tag("p.note",
             "A row is the true genre, a column what the net said; the depth of colour is the "
             "share "
             "of the row.") +
         tag("div.cards", cards) + class_by_class(report, *report.best);
}

}  // namespace melgrad::sections
