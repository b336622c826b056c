#pragma once
#include <vector>

#include "apps/harness/training/learner.h"

namespace melgrad {

/// Logistic regression by SAGA: of each clip i the gradient of its last visit g_i is remembered, and
/// a visit takes the step
///
///   w −= η ((1 − 1/s) (g − g_i) + (Σ g_j + g − g_i)/s),   η = 1/(2L),  L = (max |x|² + 1)/4
///
/// s: clips visited so far. Defazio et al. 2014, arXiv 1407.0202, eq. 7; the form, the step and when
/// it ends are scikit-learn 1.4's for multinomial loss without a penalty. In f64. A clip's weight, if
/// classes are balanced, is a factor on its loss: on g_i, and on its |x|² + 1 in L.
class Saga final : public Learner {
 public:
  /// The net is one Linear layer: weight (classes, D), bias (classes).
  Saga(Module& net, const Lesson& lesson, const SagaSettings& settings, u64 seed);

  Fit run(const std::filesystem::path& checkpoint, Progress& progress) override;
  void load(const std::filesystem::path& checkpoint) override;
  i64 steps() const override;

 private:
  void read_clips();
  double pass();  // over as many clips as there are, at random; the largest change of a weight
  void visit(i64 clip);
  void save(const std::filesystem::path& checkpoint) const;
  void put_weights_into_net() const;
  Fit finish();

  Module& net_;
  Lesson lesson_;
  SagaSettings settings_;
  u64 seed_;
  i64 clips_ = 0, width_ = 0, classes_ = 0;  // width: D + 1, the last is 1 for the bias
  std::vector<double> x_;                    // (clips, width)
  std::vector<i64> labels_;
  std::vector<double> class_weights_;
  double rate_ = 0;

  // What save() writes:
  std::vector<double> w_;         // (classes, width)
  std::vector<double> residual_;  // (clips, classes): p − one-hot of the last visit; g = residual x
  std::vector<double> sum_;       // (classes, width): Σ g_j
  std::vector<i64> seen_;         // (clips): 0 or 1
  std::vector<Epoch> history_;
  std::string ended_;

  i64 seen_count_ = 0;
  Epoch running_;
};

}  // namespace melgrad
