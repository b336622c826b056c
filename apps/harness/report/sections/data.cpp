#include <algorithm>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

std::string parts(const std::string& unit, const Split& fold) {
  return format("{} {}s to train, {} to validate, {} to test", fold.train.size(), unit,
                fold.valid.size(), fold.test.size());
}

bool as_large(const Split& a, const Split& b) {
  return a.train.size() == b.train.size() && a.valid.size() == b.valid.size() &&
         a.test.size() == b.test.size();
}

Html sizes(const std::string& unit, const RuleUsed& rule) {
  if (rule.folds.empty()) return {};
  const Split& first = rule.folds.front();
  bool alike = std::all_of(rule.folds.begin(), rule.folds.end(),
                           [&](const Split& fold) { return as_large(fold, first); });
  if (alike) {
    std::string times = rule.folds.size() > 1 ? format("{} folds, each ", rule.folds.size()) : "";
    return tag("p.note", rule.title, ": ", times, parts(unit, first), ".");
  }
  i64 number = 0;
  Html items = each(rule.folds, [&](const Split& fold) {
    return tag("li", format("fold {}: {}", ++number, parts(unit, fold)));
  });
  return tag("p.note", rule.title, ": ", rule.folds.size(), " folds") + tag("ul.note", items);
}

Html sizes_of_rules(const Results& results) {
  return each(results.rules, [&](const RuleUsed& rule) { return sizes(results.unit, rule); });
}

Html skipped(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return tag("details", {{"open", ""}},
             tag("summary", counted(static_cast<i64>(names.size()), "file"),
                 names.size() == 1 ? " was skipped" : " were skipped"),
             tag("ul", each(names, [](const std::string& name) { return tag("li", name); })));
}

}  // namespace

Html data(const Report& report) {
  Html notes = each(report.results.notes, [](const std::string& note) { return tag("li", note); });
  return tag("h2", "Data") + tag("p", report.results.data_set) +
         (notes.empty() ? notes : tag("ul.notes", notes)) + sizes_of_rules(report.results) +
         skipped(report.results.skipped);
}

}  // namespace melgrad::sections
