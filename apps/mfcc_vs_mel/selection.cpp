#include "apps/harness/results/selection.h"

#include <algorithm>
#include <cmath>

#include "apps/harness/report/numbers.h"
#include "apps/mfcc_vs_mel/sections.h"
#include "kernels/error.h"

namespace melgrad::mfcc_vs_mel {
namespace {

Html heading(const std::string& text) { return tag("th", {{"scope", "col"}}, text); }

const RowResult* best_under(const std::vector<const RowResult*>& rows, const RuleUsed& rule) {
  return *std::max_element(rows.begin(), rows.end(), [&](const auto* a, const auto* b) {
    return measured(*a, rule.name)["accuracy"].mean < measured(*b, rule.name)["accuracy"].mean;
  });
}

Html mean_in_words(const std::vector<Choice>& choices) {
  std::vector<double> accuracies;
  accuracies.reserve(choices.size());
  for (const Choice& choice : choices) accuracies.push_back(choice.accuracy);
  auto [mean, deviation] = mean_and_deviation(accuracies);
  return tag("b", percent(mean)) + " " + tag("span.pm", "± ", decimal(deviation * 100, 1));
}

Html of_rule(const Report& report, const RuleUsed& rule) {
  std::vector<const RowResult*> rows = ran_of_grid(report);
  std::vector<Choice> choices =
      chosen_elsewhere(rows, rule.name, static_cast<i64>(rule.folds.size()));
  if (choices.empty()) return {};
  Html head = heading("Fold"), names = tag("td", "chosen by the others"),
       scores = tag("td", "accuracy here");
  for (const Choice& choice : choices) {
    head += heading(std::to_string(choice.fold + 1));
    names += tag("td", choice.row->title);
    scores += tag("td", percent(choice.accuracy));
  }
  const RowResult* best = best_under(rows, rule);
  Html words =
      tag("p", "Chosen by folds that do not score it, the best of ", static_cast<i64>(rows.size()),
          " models reaches ", mean_in_words(choices), "; chosen by the folds that score it, ",
          best->title, " reaches ", percent(measured(*best, rule.name)["accuracy"].mean), ".");
  return tag("h3.apart", rule.title) + words +
         tag("div.scroll", tag("table.scores", tag("thead", tag("tr", head)),
                               tag("tbody", tag("tr", names), tag("tr", scores))));
}

}  // namespace

Html selection(const Report& report) {
  Html all =
      each(report.results.rules, [&](const RuleUsed& rule) { return of_rule(report, rule); });
  if (all.empty()) return {};
  double most = 0;
  for (const RowResult* row : ran_of_grid(report))
    most = std::max(most, published(*row, "accuracy"));  // which NaN does not change
  std::string as_published =
      most > 0 ? format(" The published best of eight, {}, was chosen so.", percent(most)) : "";
  return tag("h2", "The best model, chosen honestly") +
         tag("p.note",
             "The highest of several means is too high: the folds that score the models also "
             "choose "
             "among them.",
             as_published,
             " Below, for each fold the model is taken that is best on the others, and scored on "
             "this "
             "one.") +
         all;
}

}  // namespace melgrad::mfcc_vs_mel
