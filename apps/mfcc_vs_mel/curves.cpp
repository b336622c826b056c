#include "apps/harness/report/numbers.h"
#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/words.h"
#include "apps/mfcc_vs_mel/sections.h"

namespace melgrad::mfcc_vs_mel {
namespace {

Html card(const Report& report, const std::string& which, const RowResult& row) {
  Measured mean = measured(row, report.main.name);
  return tag(
      "article.card", tag("h3", which, ": ", row.title),
      tag("p", sections::with_deviation("accuracy", mean), " over ", counted(mean.fits, "fit")),
      loss_curves(folds_of(row, report.main.name)));
}

}  // namespace

Html curves(const Report& report) {
  const RowResult *best = best_of_grid(report), *worst = worst_of_grid(report);
  if (best == nullptr) return {};
  Html cards = card(report, "The best", *best);
  if (worst != best) cards += card(report, "The worst", *worst);
  Html train = tag("polyline.train", {{"points", "0,6 26,6"}});
  Html valid = tag("polyline.valid", {{"points", "0,6 26,6"}});
  return tag("h2", "Losses of the folds") +
         tag("ul.legend", sections::legend_entry(train, "training, a line a fold"),
             sections::legend_entry(valid, "validation")) +
         tag("div.cards", cards);
}

}  // namespace melgrad::mfcc_vs_mel
