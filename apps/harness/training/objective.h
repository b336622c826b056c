#pragma once
#include "apps/harness/data/batches.h"
#include "apps/harness/training/recipe.h"
#include "layers/module.h"

namespace melgrad {

/// n / (k · n_c) for each of k classes, of which n_c of n labels are: as scikit-learn's "balanced".
/// Throws Error where a class has none.
std::vector<double> balanced_weights(const std::vector<i64>& labels, i64 classes);

/// −log p of the batch's labels, or of its targets if it has some. With class weights w (classes), f32
/// on the device, what PyTorch's CrossEntropyLoss(weight=w) is: t one-hot, smoothed or mixed,
///
///   Σ_n Σ_c −w_c t_nc log p_nc / Σ_n w_label(n),   of a mixed batch / N
Variable cross_entropy(const Variable& logits, const Batch& batch, double smoothing,
                       const Tensor& class_weights);

/// What a training makes small: the cross-entropy of a batch, plus the penalty.
class Loss {
 public:
  /// `labels` of the training part, of so many `classes`: where they are balanced.
  Loss(const Module& net, const Objective& objective, const std::vector<i64>& labels = {},
       i64 classes = 0);

  /// logits (N, classes) f32. A batch of mixed pairs has targets, others labels.
  Variable operator()(const Variable& logits, const Batch& batch) const;
  /// Σ weight · Σ w² as it is now; 0 without L2.
  double penalty() const;
  /// Undefined where classes weigh the same.
  const Tensor& class_weights() const { return class_weights_; }

 private:
  Variable penalty_of_weights() const;

  double smoothing_;
  Tensor class_weights_;
  std::vector<std::pair<double, NamedParameters>> l2_;
};

}  // namespace melgrad
