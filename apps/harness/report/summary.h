#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/report/html.h"
#include "apps/harness/results/results.h"

namespace melgrad {

/// A run among others of the same nets.
struct ComparedRun {
  std::string title, report;  // "segments of 2 s"; where its page is, from the summary's folder
  std::optional<Results> results;  // none yet
};
/// A page with a table for each way to split: nets by runs, with links to the runs' reports.
Html summary(const std::vector<ComparedRun>& columns);

}  // namespace melgrad
