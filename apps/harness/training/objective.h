#pragma once
#include "apps/harness/data/batches.h"
#include "apps/harness/training/recipe.h"
#include "layers/module.h"

namespace melgrad {

/// What a training makes small: the cross-entropy of a batch, plus the penalty.
class Loss {
 public:
  Loss(const Module& net, const Objective& objective);

  /// logits (N, classes) f32. A batch of mixed pairs has targets, others labels.
  Variable operator()(const Variable& logits, const Batch& batch) const;
  /// Σ weight · Σ w² as it is now; 0 without L2.
  double penalty() const;

 private:
  Variable penalty_of_weights() const;

  double smoothing_;
  std::vector<std::pair<double, NamedParameters>> l2_;
};

}  // namespace melgrad
