#pragma once
#include <memory>
#include <vector>

#include "apps/harness/training/recipe.h"

namespace melgrad {

/// The rate's course through one stage: Constant, ReduceLROnPlateau, OneCycleLR or
/// CosineAnnealingLR, whichever the stage says, on the optimiser's groups.
class StageRate {
 public:
  /// Sets the stage's first rates: its rate times each group's factor. `steps`: of the whole stage.
  StageRate(Optimizer& optimizer, const Stage& stage, double lr, const std::vector<double>& factors,
            i64 steps);

  void after_step();
  void after_epoch(double valid_loss);

  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  std::unique_ptr<Schedule> schedule_;          // a step() a batch, or null
  std::unique_ptr<ReduceLROnPlateau> plateau_;  // or null
  i64 steps_, done_ = 0;
};

}  // namespace melgrad
