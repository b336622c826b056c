#include "apps/harness/training/objective.h"

#include <algorithm>

#include "apps/harness/training/evaluate.h"
#include "apps/harness/training/parameters.h"
#include "kernels/error.h"

namespace melgrad {

std::vector<double> balanced_weights(const std::vector<i64>& labels, i64 classes) {
  std::vector<double> weights;
  for (i64 c = 0; c < classes; ++c) {
    auto count = std::count(labels.begin(), labels.end(), c);
    check(count > 0, "balanced_weights", "class {} of {} has no example to learn from", c, classes);
    weights.push_back(static_cast<double>(labels.size()) / static_cast<double>(classes * count));
  }
  return weights;
}

Variable cross_entropy(const Variable& logits, const Batch& batch, double smoothing,
                       const Tensor& class_weights) {
  bool mixed = batch.targets.defined(), weighed = class_weights.defined();
  if (!mixed && !weighed) return cross_entropy(logits, batch.labels, smoothing);
  i64 classes = logits.shape()[1];
  Tensor targets = mixed ? batch.targets : one_hot(batch.labels, classes);  // rows add up to 1
  if (smoothing > 0) targets = targets * (1 - smoothing) + smoothing / static_cast<double>(classes);
  if (weighed) targets = targets * class_weights;
  if (weighed && !mixed)  // the mean over the batch becomes one over its clips' weights
    targets = targets / mean(index_select(class_weights, 0, batch.labels));
  return cross_entropy_soft(logits, targets);
}

Loss::Loss(const Module& net, const Objective& objective, const std::vector<i64>& labels,
           i64 classes)
    : smoothing_(objective.smoothing) {
  if (objective.balanced)
    class_weights_ =
        from_vector(balanced_weights(labels, classes)).to(Dtype::f32).to(device_of(net));
  for (const auto& [pattern, weight] : objective.l2)
    l2_.emplace_back(weight, PatternedParameters(net).matching({pattern}));
}

Variable Loss::operator()(const Variable& logits, const Batch& batch) const {
  Variable loss = cross_entropy(logits, batch, smoothing_, class_weights_);
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
