#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/training/learner.h"
#include "optim/lbfgs.h"
#include "optim/saga.h"

namespace melgrad {

/// Solves a logistic regression by SAGA or L-BFGS (optim/): the net is one Linear layer, and of the
/// split's training part its mean cross-entropy is made small, in f64. A clip's weight, if classes are
/// balanced, is a factor on its term.
///
/// An epoch of the history is a pass over the clips: of SAGA its terms as they were when it visited
/// them, of L-BFGS those after its step. Beside figures_of() a fit has measured, on the training part
/// and at its end, "objective" and "largest gradient", which is 0 at a minimum: SAGA calls "converged"
/// what scikit-learn does, and its steps may be small far from there.
class Solver final : public Learner {
 public:
  /// The net is one Linear layer: weight (classes, D), bias (classes).
  Solver(Module& net, const Lesson& lesson, const SolverSettings& settings, u64 seed);

  /// A checkpoint is written every minute.
  Fit run(const std::filesystem::path& checkpoint, Progress& progress) override;
  void load(const std::filesystem::path& checkpoint) override;
  i64 steps() const override;

 private:
  void read_clips();
  void pass();  // into the history
  void saga_pass(Epoch& epoch);
  void lbfgs_pass(Epoch& epoch);
  const Tensor& weights() const;  // (classes, D + 1) f64
  void put_weights_into_net() const;
  Fit finish();
  void save(const std::filesystem::path& checkpoint) const;

  Module& net_;
  Lesson lesson_;
  SolverSettings settings_;
  u64 seed_;
  LogisticRegression problem_;
  std::optional<Saga> saga_;    // one
  std::optional<Lbfgs> lbfgs_;  // of them
  std::vector<Epoch> history_;
  std::string ended_;
};

}  // namespace melgrad
