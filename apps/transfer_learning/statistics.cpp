#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "apps/transfer_learning/sections.h"

namespace melgrad::transfer_learning {
namespace {

Html line(const Epoch& epoch, i64 number) {
  return tag("tr", tag("td", number), tag("td", fixed_point(epoch.train_loss, 4)),
             tag("td", fixed_point(epoch.valid_loss, 4)), tag("td", percent(epoch.train_accuracy)),
             tag("td", percent(epoch.valid_accuracy)), tag("td", decimal(epoch.lr, 9)),
             tag("td", fixed_point(epoch.seconds, 1)));
}

Html epochs_of(const Report& report, const RowResult& row) {
  const Fit* fit = first_fit(row, report.main.name);
  if (fit == nullptr || fit->history.empty()) return {};
  Html lines;
  for (std::size_t i = 0; i < fit->history.size(); ++i)
    lines += line(fit->history[i], static_cast<i64>(i) + 1);
  return tag(
      "details",
      tag("summary", row.title, ", ", counted(static_cast<i64>(fit->history.size()), "epoch")),
      sections::score_table({"Epoch", "training loss", "validation loss", "training accuracy",
                             "validation accuracy", "head's rate", "s"},
                            lines));
}

}  // namespace

Html statistics(const Report& report) {
  Html all =
      each(report.results.rows, [&](const RowResult& row) { return epochs_of(report, row); });
  if (all.empty()) return {};
  return tag("h2", "Epoch by epoch") +
         tag("p.note",
             "Of each net's first fit. The rate is that after the epoch's last step; in the frozen "
             "epoch the body's batch norms have a tenth of it. Training figures are taken while "
             "the net learns, of clips as they are augmented and mixed.") +
         all;
}

}  // namespace melgrad::transfer_learning
