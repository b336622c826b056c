#pragma once
#include <filesystem>
#include <functional>
#include <vector>

#include "apps/harness/report/html.h"
#include "apps/harness/study.h"

namespace melgrad {

/// Runs one after the other by `run`, each with its folder as --out; after each, summary.html in --out
/// has what there is of all. With --resume chapters that are done stay. Throws Error where --out lies
/// in --data: the chapters' folders would be taken for music.
void run_chapters(const std::vector<Chapter>& chapters, const Options& options,
                  const std::function<void(const MakeStudy&, Options)>& run);

/// A page with a table for each way to split: nets by chapters, and links to their reports. `results`
/// of each chapter that has some.
Html summary_of_chapters(const std::vector<Chapter>& chapters,
                         const std::vector<std::optional<Results>>& results);

}  // namespace melgrad
