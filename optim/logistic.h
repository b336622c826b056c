#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// Multinomial logistic regression without a penalty, what saga.h and lbfgs.h make small, in f64:
///
///   f(w) = mean over rows of v_label · −log p_label,   p = softmax(w x)
///
/// w (classes, width); the bias is the weight of a column of ones.
struct LogisticRegression {
  Tensor x;                     // (rows, width) f64, dense
  std::vector<i64> labels;      // (rows)
  std::vector<double> weights;  // v (classes): what a row of each class weighs

  i64 rows() const { return static_cast<i64>(labels.size()); }
  Shape shape() const { return {static_cast<i64>(weights.size()), x.dim(1)}; }  // of w

  struct Terms {  // of one row, or of several their sums
    double loss = 0;
    i64 right = 0;  // have their largest p at the label
  };
  /// residual (classes) = v_label · (p − one-hot): the gradient of the row's term is residual ⊗ x.
  Terms row(i64 index, const Tensor& w, double* residual) const;
  /// Sums over all rows; `gradient` (classes, width) of the mean.
  Terms all(const Tensor& w, Tensor& gradient) const;
};

}  // namespace melgrad
