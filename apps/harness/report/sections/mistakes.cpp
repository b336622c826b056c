#include <algorithm>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/clip_figures.h"
#include "apps/harness/report/sections/sections.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

constexpr std::size_t most_shown = 36;

std::vector<i64> surest_mistakes(const ClipFigures& figures) {
  std::vector<i64> wrong;
  for (const auto& [index, prediction] : figures.said())
    if (!figures.right(index)) wrong.push_back(index);
  std::stable_sort(wrong.begin(), wrong.end(), [&](i64 a, i64 b) {
    return figures.said().at(a).confidence > figures.said().at(b).confidence;
  });
  return wrong;
}

Html filter(const Report& report, const char* label) {
  Html options = tag("option", {{"value", ""}}, "any");
  i64 c = 0;
  for (const std::string& name : report.results.classes)
    options += tag("option", {{"value", std::to_string(c++)}}, name);
  return tag("label", label, tag("select", options));
}

std::string near(const Report& report, const ClipFigures& figures,
                 const std::vector<i64>& mistakes) {
  if (report.results.classes.size() <= 3) return "";
  auto among = std::count_if(mistakes.begin(), mistakes.end(), [&](i64 index) {
    const Prediction& said = figures.said().at(index);
    return !said.strengths.empty() && rank_of(figures.clip(index).label, said.strengths) < 3;
  });
  return format("; the truth is in the top 3 of {} of them", among);
}

}  // namespace

Html mistakes(const Report& report) {
  if (report.best == nullptr || !report.clips.picture) return {};
  ClipFigures figures(report);
  std::vector<i64> wrong = surest_mistakes(figures);
  Html heading = tag("h2", "Where ", report.best->title, " is wrong");
  if (wrong.empty()) return heading + tag("p", "It made no mistake on the test clips.");
  std::string count = format("{} of {}{}. The surest come first", wrong.size(),
                             counted(static_cast<i64>(figures.said().size()), "test clip"),
                             near(report, figures, wrong));
  if (wrong.size() > most_shown) {
    wrong.resize(most_shown);
    count += format("; {} are shown", wrong.size());
  }
  return heading + tag("p.note", count, ".") +
         tag("div.filters", {{"hidden", ""}}, filter(report, "true genre"),
             filter(report, "taken for")) +
         tag("div.clips.mistakes", each(wrong, figures));
}

}  // namespace melgrad::sections
