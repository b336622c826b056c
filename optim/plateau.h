#pragma once
#include "optim/optimizer.h"

namespace melgrad {

enum class Better : u8 { smaller, larger };

struct PlateauSettings {
  Better better = Better::smaller;
  double factor = .1;
  i64 patience = 10;
  double threshold = 1e-4;  // relative: smaller means < best · (1 − threshold)
  i64 cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;  // a smaller change of the rate is not made
  /// Epochs before so many optimiser steps do not count as bad: on small data batch norm's running
  /// statistics lag, and the rule would fire before the net has started.
  i64 min_steps = 0;
};

/// PyTorch's: multiplies every group's rate by `factor` when the metric has not been better for more
/// than `patience` epochs.
class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const PlateauSettings& settings = {});
  /// Once an epoch; true if a rate was reduced.
  bool step(double metric);
  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  bool reduce();

  Optimizer* optimizer_;
  PlateauSettings settings_;
  double best_;
  i64 bad_epochs_ = 0, cooldown_ = 0;
};

}  // namespace melgrad
