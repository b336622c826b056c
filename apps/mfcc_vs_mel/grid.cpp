#include <algorithm>
#include <cmath>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "apps/harness/results/selection.h"
#include "apps/mfcc_vs_mel/sections.h"
#include "kernels/error.h"

namespace melgrad::mfcc_vs_mel {
namespace {

Html score(const RowResult* row, const RuleUsed& rule) {
  if (row == nullptr) return tag("td", "–");
  Measured mean = measured(*row, rule.name);
  if (mean.fits == 0) return tag("td", "–");
  Html text = tag("b", sections::with_deviation("accuracy", mean));
  if (double theirs = published(*row, "accuracy"); std::isfinite(theirs))
    text += tag("small", "published ", percent(theirs));
  text += tag("small", "best epoch ", percent(mean["best epoch: accuracy"].mean));
  return tag("td", text + tag("small", decimal(mean.seconds.mean, 1), " s a fit"));
}

Html table_of(const Report& report, const RuleUsed& rule) {
  Html head = tag("th", {{"scope", "col"}}, "");
  for (const char* net : {"basic", "deeper"})
    for (int batch : {16, 32}) head += tag("th", {{"scope", "col"}}, net, ", ", batch);
  Html body;
  for (const char* feature : {"mfcc", "mel"}) {
    Html line = tag("th", {{"scope", "row"}}, std::string(feature) == "mfcc" ? "MFCC" : "mel");
    for (const char* net : {"basic", "deeper"})
      for (int batch : {16, 32}) line += score(cell(report, feature, net, batch), rule);
    body += tag("tr", line);
  }
  return tag("h3.apart", rule.title) + (rule.note.empty() ? Html() : tag("p.note", rule.note)) +
         tag("div.scroll", tag("table.nets", tag("thead", tag("tr", head)), tag("tbody", body)));
}

std::string time_in_words(const Report& report) {
  i64 fits = 0, quick = 0;
  double longest = 0;
  for (const RowResult* row : ran_of_grid(report))
    for (const Fit& fit : row->fits) {
      ++fits;
      quick += fit.seconds < 60;
      longest = std::max(longest, fit.seconds);
    }
  return format(
      "The authors trained each model in less than a minute; here {} of {} did, the longest "
      "took {} s.",
      quick, counted(fits, "fit"), decimal(longest, 0));
}

using Names = std::vector<const char*>;

/// Rows of the grid that differ in one thing alone, side by side.
struct Sides {
  std::string better, worse;
  std::vector<const RowResult*> a, b;
};

Sides sides(const Report& report, const std::string& better, const std::string& worse,
            const std::vector<std::pair<std::string, std::string>>& pairs) {
  Sides made{better, worse, {}, {}};
  for (const auto& [name, other] : pairs) {
    const RowResult *a = ran_row(report, name), *b = ran_row(report, other);
    if (a == nullptr || b == nullptr) continue;
    made.a.push_back(a);
    made.b.push_back(b);
  }
  return made;
}

std::vector<Sides> claims(const Report& report) {
  std::vector<std::pair<std::string, std::string>> features, nets, batches;
  for (const char* net : {"basic", "deeper"})
    for (int batch : {16, 32})
      features.emplace_back(format("mfcc_{}_{}", net, batch), format("mel_{}_{}", net, batch));
  for (const char* feature : {"mfcc", "mel"})
    for (int batch : {16, 32})
      nets.emplace_back(format("{}_basic_{}", feature, batch),
                        format("{}_deeper_{}", feature, batch));
  for (const char* feature : {"mfcc", "mel"})
    for (const char* net : {"basic", "deeper"})
      batches.emplace_back(format("{}_{}_32", feature, net), format("{}_{}_16", feature, net));
  return {sides(report, "MFCC", "mel", features), sides(report, "basic", "deeper", nets),
          sides(report, "batch 32", "batch 16", batches)};
}

// The mean of the published differences; NaN where nothing is published.
double published_difference(const Sides& sides) {
  double sum = 0;
  for (std::size_t i = 0; i < sides.a.size(); ++i)
    sum += published(*sides.a[i], "accuracy") - published(*sides.b[i], "accuracy");
  return sum / static_cast<double>(sides.a.size());
}

std::string points(double difference) { return decimal(difference * 100, 1) + " points"; }

Html line_of(const Sides& sides, const RuleUsed& rule) {
  Paired pair = paired(sides.a, sides.b, rule.name);
  if (pair.pairs == 0) return {};
  double known = published_difference(sides);
  return tag("tr", tag("td", sides.better, " over ", sides.worse), tag("td", rule.title),
             tag("td", tag("b", points(pair.difference.mean)), " ",
                 tag("span.pm", "± ", decimal(pair.difference.deviation * 100, 1))),
             tag("td", pair.higher, " of ", pair.pairs),
             tag("td", std::isfinite(known) ? points(known) : "–"));
}

}  // namespace

Html grid(const Report& report) {
  if (ran_of_grid(report).empty()) return {};
  Html all =
      tag("h2", "The grid") +
      tag("p.note", "Accuracy of the last weights, the mean over the folds with its deviation. ",
          time_in_words(report));
  for (const RuleUsed& rule : report.results.rules) all += table_of(report, rule);
  return all;
}

Html findings(const Report& report) {
  Html lines;
  for (const Sides& sides : claims(report))
    for (const RuleUsed& rule : report.results.rules) lines += line_of(sides, rule);
  if (lines.empty()) return {};
  Html head =
      each(Names{"", "split", "difference", "higher in", "published"}, [](const char* name) {
        return tag("th", {{"scope", "col"}}, name);
      });
  return tag("h2", "What was found, examined") +
         tag("p.note",
             "Cells of the grid that differ in one thing alone, compared fold by fold: the mean "
             "difference in accuracy with its deviation over those pairs, and in how many of them "
             "the "
             "first is ahead. What is within the deviation may be the folds' doing.") +
         tag("div.scroll", tag("table.scores", tag("thead", tag("tr", head)), tag("tbody", lines)));
}

}  // namespace melgrad::mfcc_vs_mel
