#include <algorithm>
#include <map>

#include "apps/harness/lists.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"
#include "apps/harness/results/swept_name.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

// What the command line of every study lists values of.
const std::map<std::string, std::string> settings_in_words = {
    {"lr", "Learning rate"}, {"batch", "Batch"}, {"epochs", "Epochs"}, {"augment", "Augmentation"}};

/// Rows that differ in one setting alone, by its value.
struct Line {
  std::string title;
  std::map<std::string, const RowResult*> rows;
};
struct Table {
  std::string setting;
  std::vector<std::string> values;                  // in the order of the command line
  std::vector<std::pair<std::string, Line>> lines;  // by the rows' name without the setting
};

std::string erased(std::string text, const std::string& part) {
  std::size_t at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

Table& table_of(std::vector<Table>& tables, const std::string& setting) {
  for (Table& table : tables)
    if (table.setting == setting) return table;
  return tables.emplace_back(Table{setting, {}, {}});
}

Line& line_of(Table& table, const std::string& name, const std::string& title) {
  for (auto& [known, line] : table.lines)
    if (known == name) return line;
  return table.lines.emplace_back(name, Line{title, {}}).second;
}

std::vector<Table> tables_of(const Results& results) {
  std::vector<Table> tables;
  for (const RowResult& row : results.rows) {
    if (row.fits.empty()) continue;
    for (const auto& [setting, value] : parse_swept_name(row.name).settings) {
      if (!settings_in_words.contains(setting)) continue;  // a study's own, which it shows itself
      Table& table = table_of(tables, setting);
      if (!contains(table.values, value)) table.values.push_back(value);
      std::string rest = erased(row.name, format("@{}={}", setting, value));
      line_of(table, rest, erased(row.title, format(", {} {}", setting, value))).rows[value] = &row;
    }
  }
  return tables;
}

Html cell(const Line& line, const std::string& value, const RuleUsed& rule) {
  auto row = line.rows.find(value);
  if (row == line.rows.end()) return tag("td", "–");
  Measured mean = measured(*row->second, rule.name);
  if (mean.fits == 0) return tag("td", mean.diverged > 0 ? "diverged" : "–");
  Html text = with_deviation("accuracy", mean);
  if (mean.figures.contains("song accuracy"))
    text += tag("small", " song ", figure_text("song accuracy", mean["song accuracy"].mean));
  return tag("td", text);
}

Html html_of(const Table& table, const RuleUsed& rule) {
  std::vector<std::string> columns = {"Net"};
  columns.insert(columns.end(), table.values.begin(), table.values.end());
  Html rows = each(table.lines, [&](const auto& entry) {
    return tag("tr", tag("td", entry.second.title), each(table.values, [&](const auto& value) {
                 return cell(entry.second, value, rule);
               }));
  });
  return tag("h3.apart", settings_in_words.at(table.setting), ": ", rule.title) +
         score_table(columns, rows);
}

}  // namespace

Html sweeps(const Report& report) {
  std::vector<Table> tables = tables_of(report.results);
  if (tables.empty()) return {};
  return tag("h2", "By setting") +
         tag("p.note", "Test accuracy of the same nets with one setting changed.") +
         each(tables, [&](const Table& table) {
           return each(report.results.rules,
                       [&](const RuleUsed& rule) { return html_of(table, rule); });
         });
}

}  // namespace melgrad::sections
