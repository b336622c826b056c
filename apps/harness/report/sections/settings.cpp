#include <algorithm>

#include "apps/harness/report/sections/sections.h"

namespace melgrad::sections {
namespace {

Html marks() {
  auto mark = [](const char* name) { return tag("span.mark", name); };
  return tag("p.note", "Where each comes from: ", mark("src"), " the authors' code, ", mark("fig"),
             " a published figure, ", mark("txt"), " the write-up's text, ",
             tag("span.mark.inf", "inf"), " inferred, because the write-up does not say, ",
             mark("set"), " the command line.");
}

std::string title_of(const Results& results, const std::string& name) {
  auto row = std::find_if(results.rows.begin(), results.rows.end(),
                          [&](const RowResult& each) { return each.name == name; });
  return row == results.rows.end() ? name : row->title;
}

// Of which nets, where it is not of all.
Html rows_of(const Results& results, const SettingUsed& setting) {
  std::string titles;
  for (const std::string& name : setting.rows)
    titles += (titles.empty() ? "" : ", ") + title_of(results, name);
  return titles.empty() ? Html() : tag("small", titles);
}

}  // namespace

Html settings(const Report& report) {
  const Results& results = report.results;
  Html rows = each(results.settings, [&](const SettingUsed& setting) {
    return tag("tr", tag("td", setting.name, rows_of(results, setting)), tag("td", setting.value),
               tag("td", tag("span", {{"class", "mark " + setting.mark}}, setting.mark)),
               tag("td", setting.note));
  });
  return tag("h2", "Settings") + marks() + tag("div.scroll", tag("table.settings", rows));
}

}  // namespace melgrad::sections
