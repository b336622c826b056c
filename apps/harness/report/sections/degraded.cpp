#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "apps/harness/lists.h"
#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::sections {
namespace {

const std::string prefix = "accuracy, ";

/// "noise 20 dB": a kind, its amount, a unit.
struct Degradation {
  std::string name, kind;
  double amount = 0;

  explicit Degradation(const std::string& text) : name(text), kind(text.substr(0, text.find(' '))) {
    std::string number = text.substr(std::min(kind.size() + 1, text.size()));
    std::from_chars(number.data(), number.data() + number.size(), amount);
  }
  // The mildest first.
  bool operator<(const Degradation& other) const {
    return std::pair(kind, -amount) < std::pair(other.kind, -other.amount);
  }
};

std::set<Degradation> degradations_of(const Results& results) {
  std::set<Degradation> all;
  for (const RowResult& row : results.rows)
    for (const Fit& fit : row.fits)
      for (const auto& [figure, value] : fit.measured)
        if (figure.starts_with(prefix)) all.insert(Degradation(figure.substr(prefix.size())));
  return all;
}

Html cell(const Measured& mean, const std::string& name) {
  if (!mean.figures.contains(prefix + name)) return tag("td", "–");
  Html text = with_deviation(prefix + name, mean);
  std::string song = "song " + prefix + name;
  if (mean.figures.contains(song))
    text += tag("small", " song ", figure_text(song, mean[song].mean));
  return tag("td", text);
}

std::vector<const RowResult*> rows_of(const Report& report, const RuleUsed& rule) {
  std::vector<const RowResult*> rows;
  for (const RowResult& row : report.results.rows)
    if (measured(row, rule.name).fits > 0) rows.push_back(&row);
  return rows;
}

// One kind's accuracies, from the clips as they are on.
Html plot(const std::vector<const RowResult*>& rows, const RuleUsed& rule, const std::string& kind,
          const std::set<Degradation>& all) {
  std::vector<std::string> places = {"as it is"};
  std::vector<NamedLine> lines;
  for (const Degradation& each : all)
    if (each.kind == kind) places.push_back(each.name.substr(kind.size() + 1));
  for (const RowResult* row : rows) {
    Measured mean = measured(*row, rule.name);
    NamedLine& line = lines.emplace_back(NamedLine{row->title, {mean["accuracy"].mean}});
    for (const Degradation& each : all)
      if (each.kind == kind) line.values.push_back(mean[prefix + each.name].mean);
  }
  return tag("article.card", tag("h3", kind, ", ", rule.title), accuracy_lines(places, lines));
}

Html table(const std::vector<const RowResult*>& rows, const RuleUsed& rule,
           const std::set<Degradation>& all) {
  std::vector<std::string> columns = {"Net", "as it is"};
  for (const Degradation& one : all) columns.push_back(one.name);
  Html lines = each(rows, [&](const RowResult* row) {
    Measured mean = measured(*row, rule.name);
    return tag("tr", tag("td", row->title), tag("td.strong", with_deviation("accuracy", mean)),
               each(all, [&](const Degradation& one) { return cell(mean, one.name); }));
  });
  return tag("h3.apart", "Accuracy on degraded clips, ", rule.title) + score_table(columns, lines);
}

}  // namespace

Html degraded(const Report& report) {
  std::set<Degradation> all = degradations_of(report.results);
  if (all.empty()) return {};
  std::vector<std::string> kinds;
  for (const Degradation& one : all)
    if (!contains(kinds, one.kind)) kinds.push_back(one.kind);
  Html plots, tables;
  for (const RuleUsed& rule : report.results.rules) {
    std::vector<const RowResult*> rows = rows_of(report, rule);
    if (rows.empty()) continue;
    for (const std::string& kind : kinds) plots += plot(rows, rule, kind, all);
    tables += table(rows, rule, all);
  }
  return tag("h2", "With noise, and compressed") +
         tag("p.note",
             "The nets are trained on the clips as they are; the sound of the test clips is "
             "degraded before its features are taken. Noise is white, so many dB below the clip's "
             "own power.") +
         tag("div.cards", plots) + tables;
}

}  // namespace melgrad::sections
