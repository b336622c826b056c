#include <algorithm>

#include "apps/harness/report/sections/clip_figures.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::sections {
namespace {

constexpr i64 shown_of_a_class = 6;

Html of_class(const ClipFigures& figures, i64 label) {
  Html all;
  i64 shown = 0;
  for (const auto& [index, prediction] : figures.said()) {
    if (figures.clip(index).label != label || shown == shown_of_a_class) continue;
    all += figures(index);
    ++shown;
  }
  return all;
}

}  // namespace

Html clips(const Report& report) {
  if (report.best == nullptr || !report.clips.picture) return {};
  ClipFigures figures(report);
  const auto& said = figures.said();
  bool sounds = std::any_of(said.begin(), said.end(), [&](const auto& one) {
    return !figures.clip(one.first).sound.empty();
  });
  Html all;
  for (i64 c = 0; c < static_cast<i64>(report.results.classes.size()); ++c) {
    Html some = of_class(figures, c);
    if (!some.empty()) all += tag("h3.genre", class_name(report, c)) + tag("div.clips", some);
  }
  return tag("h2", sounds ? "Look and listen" : "Look") +
         tag("p.note",
             "Test clips as the nets see them: time from left to right, frequency from low to "
             "high. "
             "The word below is what ",
             report.best->title, " says, and how sure it is.") +
         all;
}

}  // namespace melgrad::sections
