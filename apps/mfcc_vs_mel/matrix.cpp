#include <algorithm>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/plot.h"
#include "apps/mfcc_vs_mel/sections.h"
#include "audio/collections/gtzan.h"
#include "kernels/error.h"

namespace melgrad::mfcc_vs_mel {
namespace {

// MFCC, basic, batch 32, pooled over five folds; a row is a true genre.
const Confusion published(std::vector<i64>{63, 3,  7,  4,  4,  0,  7,  0,  8,  4,  //
                                           0,  93, 0,  0,  0,  3,  1,  0,  2,  1,  //
                                           31, 6,  35, 6,  2,  7,  2,  7,  0,  4,  //
                                           6,  3,  5,  29, 9,  0,  2,  19, 12, 9,  //
                                           4,  0,  4,  4,  52, 0,  6,  7,  21, 0,  //
                                           5,  16, 12, 3,  0,  43, 0,  0,  2,  4,  //
                                           9,  0,  1,  1,  3,  1,  73, 0,  1,  3,  //
                                           2,  1,  4,  6,  12, 2,  0,  58, 4,  2,  //
                                           6,  1,  7,  2,  21, 3,  3,  3,  42, 1,  //
                                           14, 1,  17, 11, 4,  6,  10, 1,  11, 25});

// In the order of `classes`; none where these are not the published ones.
Confusion published_of(const std::vector<std::string>& classes) {
  if (!std::is_permutation(classes.begin(), classes.end(), gtzan_genres().begin(),
                           gtzan_genres().end()))
    return {};
  auto place = [](const std::string& name) {
    return std::find(gtzan_genres().begin(), gtzan_genres().end(), name) - gtzan_genres().begin();
  };
  std::vector<i64> counts;
  for (const std::string& truth : classes)
    for (const std::string& said : classes) counts.push_back(published(place(truth), place(said)));
  return Confusion(counts);
}

Html card(const std::string& title, const Confusion& confusion,
          const std::vector<std::string>& classes) {
  i64 right = 0;
  for (i64 c = 0; c < confusion.classes(); ++c) right += confusion(c, c);
  return tag("article.card", tag("h3", title),
             tag("p", format("{} of {} right, {}", right, confusion.total(),
                             percent(confusion.accuracy(), 2))),
             confusion_table(confusion, classes));
}

}  // namespace

Html matrix(const Report& report) {
  const RowResult* best = best_of_grid(report);
  if (best == nullptr) return {};
  const std::vector<std::string>& classes = report.results.classes;
  Html cards = card("Here: " + best->title, pooled_confusion(*best, report.main.name), classes);
  if (Confusion theirs = published_of(classes); theirs.classes() > 0)
    cards += card("Published: MFCC, basic, batch 32", theirs, classes);
  return tag("h2", "What the best model takes for what") +
         tag("p.note",
             "Pooled over the folds: a row is the true genre, a column what the net said.") +
         tag("div.cards", cards);
}

}  // namespace melgrad::mfcc_vs_mel
