#include "apps/mfcc_vs_mel/sections.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "kernels/error.h"

namespace melgrad::mfcc_vs_mel {

const RowResult* ran_row(const Report& report, const std::string& name) {
  for (const RowResult* row : report.ran)
    if (row->name == name) return row;
  return nullptr;
}

const RowResult* cell(const Report& report, const std::string& feature, const std::string& net,
                      int batch) {
  return ran_row(report, format("{}_{}_{}", feature, net, batch));
}

std::vector<const RowResult*> ran_of_grid(const Report& report) {
  std::vector<const RowResult*> rows;
  for (const char* feature : {"mfcc", "mel"})
    for (const char* net : {"basic", "deeper"})
      for (int batch : {16, 32})
        if (const RowResult* row = cell(report, feature, net, batch)) rows.push_back(row);
  return rows;
}

namespace {

const RowResult* extreme(const Report& report, double sign) {
  std::vector<const RowResult*> rows = ran_of_grid(report);
  auto accuracy = [&](const RowResult* row) {
    return sign * measured(*row, report.main.name)["accuracy"].mean;
  };
  auto found = std::max_element(rows.begin(), rows.end(), [&](const auto* a, const auto* b) {
    return accuracy(a) < accuracy(b);
  });
  return found == rows.end() ? nullptr : *found;
}

// Pictures of the data are the same each time that a run writes its report.
std::function<Html(const Report&)> once(Html (*section)(const Report&)) {
  return [section, made = std::make_shared<std::optional<Html>>()](const Report& report) {
    if (!*made) *made = section(report);
    return **made;
  };
}

}  // namespace

const RowResult* best_of_grid(const Report& report) { return extreme(report, 1); }
const RowResult* worst_of_grid(const Report& report) { return extreme(report, -1); }

std::vector<Section> sections(double factor) {
  return {{"grid", grid},
          {"findings", findings},
          {"selection", selection},
          {"best_and_worst", curves},
          {"matrix", matrix},
          {"scale", [factor](const Report& report) { return scale(report, factor); }},
          {"genres", once(genres)}};
}

}  // namespace melgrad::mfcc_vs_mel
