#pragma once
#include <functional>
#include <vector>

#include "apps/harness/study.h"

namespace melgrad {

/// Runs one after the other by `run`, each with its folder as --out; after each, summary.html in --out
/// has what there is of all. With --resume chapters that are done stay. Throws Error where --out lies
/// in --data: the chapters' folders would be taken for music.
void run_chapters(const std::vector<Chapter>& chapters, const Options& options,
                  const std::function<void(const MakeStudy&, Options)>& run);

}  // namespace melgrad
