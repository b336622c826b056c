#include "apps/transfer_learning/sections.h"

namespace melgrad::transfer_learning {

std::vector<Section> sections() {
  return {{"peaks", peaks}, {"statistics", statistics}, {"tta", copies}, {"ablation", ablation}};
}

Html score_table(const std::vector<std::string>& columns, const Html& rows) {
  Html head = each(columns, [](const std::string& column) {
    return tag("th", {{"scope", "col"}}, column);
  });
  return tag("div.scroll", tag("table.scores", tag("thead", tag("tr", head)), tag("tbody", rows)));
}

double seconds_an_epoch(const Report& report, const RowResult& row) {
  double seconds = 0, epochs = 0;
  for (const Fit& fit : row.fits) {
    if (fit.rule != report.main.name) continue;
    for (const Epoch& epoch : fit.history) seconds += epoch.seconds;
    epochs += static_cast<double>(fit.history.size());
  }
  return epochs > 0 ? seconds / epochs : 0;
}

}  // namespace melgrad::transfer_learning
