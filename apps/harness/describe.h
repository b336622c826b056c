#pragma once
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/planning/collect.h"
#include "apps/harness/planning/plan.h"
#include "apps/harness/results/results.h"

namespace melgrad {

/// What is known of a run before its first fit: all of Results but what is measured. Published figures
/// are in it only where the classes are the study's; else its title is the classes. `absent`: clips
/// that --split names and the collection lacks.
Results describe(const Study& study, const Options& options, const StudyData& data,
                 const std::vector<RuleSplits>& rules, const std::vector<std::string>& absent);

}  // namespace melgrad
