#include "apps/harness/report/report.h"

#include <algorithm>
#include <numeric>

#include "apps/harness/report/sections/sections.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

void add_chance(Report& report) {
  report.chance =
      1.0 / static_cast<double>(std::max<std::size_t>(1, report.results.classes.size()));
  std::vector<i64> counts = tested_of_classes(report.results, report.main);
  i64 all = std::accumulate(counts.begin(), counts.end(), i64{0});
  if (all == 0) return;
  auto most = std::max_element(counts.begin(), counts.end());
  if (*most == *std::min_element(counts.begin(), counts.end())) return;
  report.chance = static_cast<double>(*most) / static_cast<double>(all);
  report.most_frequent = report.results.classes[static_cast<std::size_t>(most - counts.begin())];
}

Report report_of(const Results& results, const ClipSource& clips) {
  check(!results.rules.empty(), "report", "no data were loaded: nothing to report");
  Report report{results, clips, results.rules.front(), {}, nullptr, 0, {}};
  add_chance(report);
  double highest = 0;
  for (const RowResult& row : results.rows) {
    Measured mean = measured(row, report.main.name);
    if (mean.fits == 0) continue;
    report.ran.push_back(&row);
    double accuracy = mean["accuracy"].mean;
    if (report.best != nullptr && !(accuracy > highest)) continue;
    report.best = &row;
    highest = accuracy;
  }
  return report;
}

Html page(const Report& report, const std::vector<Section>& sections) {
  Html head =
      tag("meta", {{"charset", "utf-8"}}) + tag("title", report.results.study) +
      tag("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
      tag("style", Html::markup(report_style));
  Html main = each(sections, [&](const Section& section) {
    Html part = section.html(report);
    return part.empty() ? part : tag("section", {{"id", section.name}}, part);
  });
  Html body = tag("main", main) + tag("script", Html::markup(report_script));
  return Html::markup("<!doctype html>") +
         tag("html", {{"lang", "en"}}, tag("head", head), tag("body", body));
}

}  // namespace

const std::vector<Section>& shared_sections() {
  static const std::vector<Section> all = {
      {"head", sections::head},
      {"table", sections::table},
      {"figures", sections::figures},
      {"rules", sections::rules},
      {"songs", sections::songs},
      {"folds", sections::folds},
      {"sweeps", sections::sweeps},
      {"degraded", sections::degraded},
      {"curves", sections::curves},
      {"confusions", sections::confusions},
      {"clips", sections::clips},
      {"mistakes", sections::mistakes},
      {"pretraining", sections::pretraining},
      {"settings", sections::settings},
      {"data", sections::data},
      {"again", sections::again},
  };
  return all;
}

void write_report(const Results& results, const ClipSource& clips, const std::string& path,
                  const std::vector<Section>& own) {
  std::vector<Section> all = shared_sections();
  auto single = std::find_if(all.begin(), all.end(),
                             [](const Section& section) { return section.name == "clips"; });
  all.insert(single, own.begin(), own.end());
  write_file(path, page(report_of(results, clips), all).code() + "\n");
}

}  // namespace melgrad
