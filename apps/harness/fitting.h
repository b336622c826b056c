#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "apps/harness/planning/collect.h"
#include "apps/harness/planning/degraded.h"
#include "apps/harness/planning/plan.h"
#include "apps/harness/results/results.h"
#include "apps/harness/session.h"
#include "apps/harness/weights/starting_weights.h"
#include "apps/harness/weights/tested_weights.h"

namespace melgrad {

/// What all fits of a run have in common.
struct Run {
  const Study& study;
  const Options& options;
  Device device;
  Session& session;
  StartingWeights& starting;
  const TestedWeights& tested;
  const std::vector<DegradedClips>& degraded;  // every net is tested on these, too
  std::function<void()> write;                 // results.json and the report, as they are now
};

/// Does what the plan says: each fit that an earlier run did not finish, from its checkpoint if
/// there is one. After each the results are written; the weights of a row's first fit stand in the
/// folder before.
void run_fits(const Run& run, const std::vector<PlannedFit>& fits, StudyData& data,
              const std::vector<RuleSplits>& rules, Results& results);

/// Fits on --pretrain for the rows that want one, once for rows of the same net and input.
void pretrain(const Run& run, const std::vector<const Row*>& rows, StudyData& data,
              Results& results);

/// The net of a row, for what the row sees.
std::unique_ptr<Module> net_of(const Study& study, const Row& row, i64 classes);
/// The same with the initial weights that `seed` draws: others for each fold, so that the mean over
/// folds is not one draw's luck.
std::unique_ptr<Module> draw_net(const Study& study, const Row& row, i64 classes, u64 seed,
                                 i64 fold = 0);

}  // namespace melgrad
