#include "apps/spotify_tabular/sections.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"
#include "tensor/files/safetensors.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

using Names = std::vector<std::string>;

// Enough digits for a mean frequency as for a share.
std::string short_number(double value) {
  return format("{}", static_cast<float>(std::strtod(fixed_point(value, 4).c_str(), nullptr)));
}

bool is_key(const std::string& feature) { return feature.rfind("key=", 0) == 0; }

// --- five songs, at random, with one column for all keys

std::string key_of(const SongTable& table, const std::vector<float>& song) {
  for (std::size_t j = 0; j < table.features.size(); ++j)
    if (is_key(table.features[j]) && song[j] == 1) return table.features[j].substr(4);
  return table.first_key;
}

Html song_row(const SongTable& table, i64 index) {
  std::vector<float> song = table.x.select(0, index).to_vector<float>();
  auto label =
      static_cast<std::size_t>(table.labels.to_vector<i64>()[static_cast<std::size_t>(index)]);
  const std::string& name = table.names[static_cast<std::size_t>(index)];
  Html row = tag("td", name.substr(table.classes[label].size() + 1));
  for (std::size_t j = 0; j < song.size(); ++j)
    if (!is_key(table.features[j])) row += tag("td", short_number(song[j]));
  if (!table.first_key.empty()) row += tag("td", key_of(table, song));
  return tag("tr", row, tag("td", table.classes[label]));
}

Html songs(const SongTable& table, u64 seed) {
  constexpr i64 shown = 5;
  Names names = {"song"};
  for (const std::string& feature : table.features)
    if (!is_key(feature)) names.push_back(feature);
  if (!table.first_key.empty()) names.emplace_back("key");
  names.emplace_back("genre");
  std::vector<i64> order = Generator(seed).permutation(table.x.dim(0));
  order.resize(static_cast<std::size_t>(std::min(shown, table.x.dim(0))));
  Html rows = each(order, [&](i64 index) { return song_row(table, index); });
  Html note = table.first_key.empty()
                  ? Html()
                  : tag("p.note", "A net sees a column for each key but ", table.first_key, ".");
  return tag("h2", "Five songs") +
         tag("p.note", "Of ", thousands(table.x.dim(0)), ", drawn at random.") +
         sections::score_table(names, rows) + note;
}

// --- scores beside the largest genre's share

double majority_of(const Results& results, const RuleUsed& rule) {
  std::vector<i64> counts = tested_of_classes(results, rule);
  i64 all = std::accumulate(counts.begin(), counts.end(), i64{0});
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) /
         static_cast<double>(all);
}

Html scores(const Report& report) {
  Html rows;
  for (const RuleUsed& rule : report.results.rules) {
    double majority = majority_of(report.results, rule);
    for (const RowResult& row : report.results.rows) {
      Measured mean = measured(row, rule.name);
      if (mean.fits == 0) continue;
      double accuracy = mean["accuracy"].mean;
      std::string more = decimal((accuracy - majority) * 100, 1);
      rows += tag("tr", tag("td", row.title), tag("td", rule.title), tag("td", percent(accuracy)),
                  tag("td", percent(majority)),
                  tag("td", (accuracy > majority ? "+" : "") + more + " points"));
    }
  }
  if (rows.empty()) return {};
  return tag("h2", "Beside the largest genre") +
         tag("p.note",
             "Whoever always says the genre that most test songs are of is right as "
             "often as its share.") +
         sections::score_table({"Net", "split", "accuracy", "the largest genre", "more"}, rows);
}

// --- how far the solvers came

Html solver_row(const RowResult& row, const RuleUsed& rule, const Fit& fit) {
  return tag("tr", tag("td", row.title), tag("td", rule.title),
             tag("td", static_cast<i64>(fit.history.size())),
             tag("td", fixed_point(fit.measured.at("objective"), 7)),
             tag("td", format("{}", fit.measured.at("largest gradient"))), tag("td", fit.ended));
}

Html solvers(const Report& report) {
  Html rows;
  for (const RuleUsed& rule : report.results.rules)
    for (const RowResult& row : report.results.rows)
      for (const Fit& fit : row.fits)
        if (fit.rule == rule.name && fit.measured.contains("objective"))
          rows += solver_row(row, rule, fit);
  if (rows.empty()) return {};
  return tag("h2", "How far the solvers came") +
         tag("p.note",
             "The objective is the mean cross-entropy of the training part. It has one minimum, "
             "where its gradient is 0: a solver whose objective is above another's has not "
             "arrived, whatever its accuracy. SAGA, by scikit-learn's rule, ends where a pass "
             "hardly changes a weight: with columns of very different sizes its steps are so short "
             "that this may be far from the minimum.") +
         sections::score_table(
             {"Net", "split", "passes", "objective", "largest gradient", "it ended"}, rows);
}

// --- coefficients of a logistic regression

// Of a column's deviation, among all songs; 1 where the net was given standardised columns.
std::vector<double> deviations(const SongTable& table) {
  Tensor x = table.x.to(Dtype::f64), apart = x - mean(x, Axes{0}, true);
  return sqrt(mean(apart * apart, Axes{0})).to_vector<double>();
}

Html weights_table(const SongTable& table, const Tensor& weights, bool standardised) {
  Tensor w = weights.to(Dtype::f64);
  w = w - mean(w, Axes{0}, true);
  std::vector<double> scale = deviations(table), all = w.contiguous().to_vector<double>();
  Names names = {"input"};
  names.insert(names.end(), table.classes.begin(), table.classes.end());
  Html rows;
  for (std::size_t j = 0; j < table.features.size(); ++j) {
    Html row = tag("td", table.features[j]);
    for (std::size_t c = 0; c < table.classes.size(); ++c) {
      double value = all[c * table.features.size() + j] * (standardised ? 1 : scale[j]);
      row += tag("td", fixed_point(value, 2));
    }
    rows += tag("tr", row);
  }
  return sections::score_table(names, rows);
}

Html coefficients(const Report& report, const SongTable& table, const std::filesystem::path& out,
                  bool standardised) {
  Html all;
  for (const RowResult* row : report.ran) {
    std::filesystem::path file = out / "weights" / (row->name + ".safetensors");
    if (!row->fits.front().measured.contains("objective") || !std::filesystem::exists(file))
      continue;
    for (const auto& [name, tensor] : load_safetensors(file).tensors)
      if (tensor.rank() == 2 &&
          tensor.shape() == Shape{static_cast<i64>(table.classes.size()), table.x.dim(1)})
        all += tag("h3.apart", row->title) + weights_table(table, tensor, standardised);
  }
  if (all.empty()) return {};
  return tag("h2", "What speaks for which genre") +
         tag("p.note",
             "Coefficients of the first fit: how much the logarithm of a genre's odds, against "
             "the mean of all genres, rises where an input is larger by one deviation of its "
             "column.") +
         all;
}

}  // namespace

std::vector<Section> sections_of_table(const std::shared_ptr<SongTable>& table,
                                       const std::filesystem::path& out, bool standardised) {
  return {
      {"songs", [=](const Report& report) { return songs(*table, report.results.seed); }},
      {"majority", scores},
      {"solvers", solvers},
      {"coefficients",
       [=](const Report& report) { return coefficients(report, *table, out, standardised); }},
  };
}

}  // namespace melgrad
