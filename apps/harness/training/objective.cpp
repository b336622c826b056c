#include "apps/harness/training/objective.h"

#include "apps/harness/training/parameters.h"

namespace melgrad {

Loss::Loss(const Module& net, const Objective& objective) : smoothing_(objective.smoothing) {
  for (const auto& [pattern, weight] : objective.l2)
    l2_.emplace_back(weight, PatternedParameters(net).matching({pattern}));
}

Variable Loss::operator()(const Variable& logits, const Batch& batch) const {
  Variable loss;
  if (batch.targets.defined()) {
    Tensor targets = batch.targets;  // (N, classes), rows add up to 1
    if (smoothing_ > 0)
      targets = targets * (1 - smoothing_) + smoothing_ / static_cast<double>(targets.dim(1));
    loss = cross_entropy_soft(logits, targets);
  } else {
    loss = cross_entropy(logits, batch.labels, smoothing_);
  }
  return l2_.empty() ? loss : loss + penalty_of_weights();
}

Variable Loss::penalty_of_weights() const {
  Variable total;
  for (const auto& [weight, parameters] : l2_)
    for (const auto& [name, w] : parameters) {
      Variable part = sum(square(w)) * weight;
      total = total.defined() ? total + part : part;
    }
  return total;
}

double Loss::penalty() const {
  if (l2_.empty()) return 0;
  NoGrad no_grad;
  return penalty_of_weights().item();
}

}  // namespace melgrad
