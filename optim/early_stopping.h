#pragma once
#include "optim/plateau.h"

namespace melgrad {

struct EarlyStoppingSettings {
  Better better = Better::smaller;
  i64 patience = 8;
  double min_delta = 0;  // absolute: better by more than this
  i64 min_steps = 0;     // epochs before so many optimiser steps do not count; see PlateauSettings
};

/// Says when the metric has not been better for `patience` epochs, and which epoch was the best.
class EarlyStopping {
 public:
  explicit EarlyStopping(const EarlyStoppingSettings& settings = {});
  /// Once an epoch; `steps`: optimiser steps so far. True if this is the best epoch yet: keep its
  /// weights. A NaN is never better.
  bool update(double metric, i64 steps);
  bool should_stop() const { return bad_epochs_ >= settings_.patience; }
  double best() const { return best_; }
  i64 best_epoch() const { return best_epoch_; }  // from 0; −1 before there is one
  i64 bad_epochs() const { return bad_epochs_; }

  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  EarlyStoppingSettings settings_;
  double best_;
  i64 epochs_ = 0, best_epoch_ = -1, bad_epochs_ = 0;
};

}  // namespace melgrad
