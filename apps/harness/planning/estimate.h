#pragma once
#include <string>
#include <vector>

#include "apps/harness/planning/plan.h"

namespace melgrad {

/// What a row's fits take on this machine, found by two steps, or two passes of a solver, on noise.
struct Estimate {
  i64 parameters = 0, trained_parameters = 0;
  double seconds_a_batch =
      0;          // of training; of a solver, a pass over `solved_at_once` clips; NaN: unknown
  i64 bytes = 0;  // of tensors, at most
};
constexpr i64 solved_at_once = 1024;
Estimate estimate(const Study& study, const Row& row, const Options& options, Device device,
                  const std::vector<std::string>& classes);

/// A line for each fit: parameters, steps, time, memory; and the sums. Early stopping may make it
/// shorter.
std::string plan_in_words(const Study& study, const Options& options, Device device,
                          const std::vector<std::string>& classes,
                          const std::vector<RuleSplits>& rules,
                          const std::vector<PlannedFit>& fits);

}  // namespace melgrad
