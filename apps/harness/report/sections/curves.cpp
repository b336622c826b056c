#include <algorithm>
#include <cmath>

#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

constexpr std::size_t most_shown = 12;  // of more fits, each net's first is

std::string about(const Fit& fit) {
  double seconds = 0, waited = 0;
  for (const Epoch& epoch : fit.history) {
    seconds += epoch.seconds;
    waited += epoch.waited;
  }
  std::string text = fit.ended;
  if (fit.best_epoch >= 0) text += format("; best: epoch {}", fit.best_epoch + 1);
  text +=
      format("; {} s an epoch", fixed_point(seconds / static_cast<double>(fit.history.size()), 1));
  if (waited > 0 && waited >= .01 * seconds)
    text += format(", {} of it waiting for data", percent(waited / seconds, 0));
  return text;
}

std::vector<const Fit*> with_history(const Report& report, const RowResult& row) {
  std::vector<const Fit*> fits = main_fits(report, row);
  fits.erase(
      std::remove_if(fits.begin(), fits.end(), [](const Fit* fit) { return fit->history.empty(); }),
      fits.end());
  return fits;
}

Html drawing(const Report& report, const RowResult& row, const Fit& fit) {
  return tag("h3", fit_title(report, row, fit)) + tag("p", about(fit)) + learning_curves(fit);
}

Html cards(const Report& report, const RowResult& row, bool collapse) {
  Html all, more;
  std::vector<const Fit*> fits = with_history(report, row);
  if (fits.empty()) return all;
  if (!collapse)
    return each(fits,
                [&](const Fit* fit) { return tag("article.card", drawing(report, row, *fit)); });
  for (std::size_t i = 1; i < fits.size(); ++i) more += drawing(report, row, *fits[i]);
  if (!more.empty())
    more = tag("details", tag("summary", counted(static_cast<i64>(fits.size()) - 1, "more fit")),
               more);
  return tag("article.card", drawing(report, row, *fits.front()), more);
}

Html legend(bool validated) {
  Html train = tag("polyline.train", {{"points", "0,6 26,6"}});
  Html valid = tag("polyline.valid", {{"points", "0,6 26,6"}});
  Html best = tag("circle.best", {{"cx", "13"}, {"cy", "6"}, {"r", "4"}});
  Html overfit = tag("rect.overfit", {{"width", "26"}, {"height", "12"}});
  Html entries = legend_entry(train, "training");
  if (validated)
    entries +=
        legend_entry(valid, "validation") +
        legend_entry(best, "best epoch: the lowest validation loss") +
        legend_entry(overfit, "overfitting: training loss falls, validation loss has risen by 5 %");
  return tag("ul.legend", entries);
}

bool has_validation(const Fit& fit) {
  return std::any_of(fit.history.begin(), fit.history.end(),
                     [](const Epoch& epoch) { return std::isfinite(epoch.valid_loss); });
}

}  // namespace

Html curves(const Report& report) {
  std::size_t fits = 0;
  bool validated = false;
  for (const RowResult& row : report.results.rows)
    for (const Fit* fit : with_history(report, row)) {
      ++fits;
      validated = validated || has_validation(*fit);
    }
  if (fits == 0) return {};
  Html all = each(report.results.rows,
                  [&](const RowResult& row) { return cards(report, row, fits > most_shown); });
  return tag("h2", "How they learnt") + legend(validated) +
         tag("p.note", "Above the loss, below the accuracy, over the epochs.") +
         tag("div.cards", all);
}

}  // namespace melgrad::sections
