#pragma once
#include <vector>

#include "optim/logistic.h"
#include "optim/optimizer.h"

namespace melgrad {

/// Logistic regression by SAGA: of each row i the gradient of its last visit g_i is remembered, and a
/// visit takes the step
///
///   w −= η ((1 − 1/s) (g − g_i) + (Σ g_j + g − g_i)/s),   η = 1/(2L),  L = max v |x|² / 4
///
/// s: rows visited so far. Defazio et al. 2014, arXiv 1407.0202, eq. 7; the form and the step are
/// scikit-learn 1.4's for multinomial loss without a penalty. Which rows follows from the seed.
class Saga {
 public:
  Saga(const LogisticRegression& problem, u64 seed);

  /// Visits as many rows as there are, at random: their terms, each before its step.
  LogisticRegression::Terms pass();
  const Tensor& weights() const { return w_; }  // (classes, width) f64
  double rate() const { return rate_; }

  /// All that pass() depends on.
  StateDict state_dict() const;
  /// Throws Error if it is of another number of rows, columns or classes, or of another seed.
  void load_state_dict(const StateDict& state);

 private:
  LogisticRegression::Terms visit(i64 row);

  const LogisticRegression& problem_;
  u64 seed_;
  double rate_ = 0;
  i64 passes_ = 0, seen_count_ = 0;
  Tensor w_, sum_;   // (classes, width) f64; sum: Σ g_j
  Tensor residual_;  // (rows, classes) f64 of the last visits: g_i = residual ⊗ x
  Tensor seen_;      // (rows) i64: 0 or 1
};

}  // namespace melgrad
