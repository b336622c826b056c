#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "layers/batch_norm.h"
#include "optim/adam.h"
#include "optim/early_stopping.h"
#include "optim/plateau.h"
#include "optim/rmsprop.h"
#include "optim/schedule.h"
#include "optim/sgd.h"

namespace melgrad {

/// Names of parameters: "features.*", or, by the type of their layer, "BatchNorm2d:*".
using ParameterPattern = std::string;

/// How the rate goes in a stage.
struct Constant {};
struct OneCycle {  // a step() a batch; optim/schedule.h
  OneCycleForm form = OneCycleForm::pytorch;
  double pct_start = .3, div = 25, final_div = 1e4;
  bool cycle_momentum = true;
  double base_momentum = .85, max_momentum = .95;
};
struct Cosine {  // a step() a batch
  double min_lr = 0;
};
using Course = std::variant<Constant, PlateauSettings, OneCycle, Cosine>;

struct RateFactor {
  ParameterPattern parameters;
  double factor = 1;
};

/// A part of a training. Patterns that match nothing are errors.
struct Stage {
  i64 epochs = 60;
  i64 steps = 0;  // an epoch; 0: until every example was seen. More go on in another order
  double lr = 0;  // 0: the optimiser's
  std::vector<ParameterPattern> train = {"*"};  // all others stay as they are
  /// If > 0, in place of `train`: the last so many layers that have parameters of their own, a batch
  /// norm being one, in the order in which the net prints them; all, of a net that has fewer.
  i64 last_layers = 0;
  std::vector<RateFactor> factors = {};  // on the rate; the last that matches counts
  bool forgets = false;  // the optimiser begins anew, as fastai's does when it unfreezes
  Course course = Constant{};
};

/// weight · Σ w² of the matching parameters is added to the loss, and to the loss that is reported,
/// as Keras does it.
struct L2 {
  ParameterPattern parameters;
  double weight = 0;
};

struct Objective {
  double smoothing = 0;  // of the labels
  std::vector<L2> l2 = {};
  /// Pairs of examples and of their labels are mixed, λ ~ Beta(mixup, mixup) each, λ ≥ 1/2 (Zhang et
  /// al. 2017, arXiv 1710.09412; fastai's form). 0: they are not.
  double mixup = 0;
  /// Classes weigh as balanced_weights() has it (objective.h), in training and validation.
  bool balanced = false;
};

enum class Tested : u8 { best, last };  // weights: of the lowest validation loss, or of the end

/// How a net is trained, in words.
struct Recipe {
  std::variant<AdamSettings, AdamWSettings, SGDSettings, RMSpropSettings> optimizer =
      AdamSettings{.lr = 1e-3};
  std::vector<ParameterPattern> no_decay = {};  // these have no weight decay
  i64 batch = 64;
  i64 accumulate = 1;  // batches whose gradients a step has
  /// Clips that are left after an epoch's last whole step, or where there is none its last whole batch,
  /// are not learnt from in that epoch: fastai's loaders, and batch norm, to which one clip is too few.
  bool whole_steps = false;
  Objective objective = {};
  std::vector<Stage> stages = {Stage{}};
  std::optional<EarlyStoppingSettings> early_stopping = {};
  Tested tested = Tested::best;
  double clip_norm = 0;  // of the gradient; 0: no clipping
  FrozenBatchNorm frozen_batch_norms = FrozenBatchNorm::batch_statistics;
  bool bf16 = false;
  bool cuda_graph = false;  // steps on whole batches are recorded and repeated (step_graph.h)

  double lr() const;
  void set_lr(double lr);
  /// "Adam"
  std::string optimizer_name() const;
  i64 epochs() const;  // of all stages
};

/// Logistic regression by SAGA or L-BFGS (optim/saga.h, lbfgs.h), on a net that is one Linear layer: no
/// minibatches, no rate to choose. When they end is as scikit-learn has it.
struct SolverSettings {
  enum class By : u8 { saga, lbfgs } by = By::saga;
  i64 iterations = 1000;  // passes over the training part; steps of L-BFGS
  /// SAGA: of the largest change of a weight in a pass, relative to the largest weight; L-BFGS: of the
  /// largest entry of the gradient.
  double tolerance = 1e-4;
  bool balanced = false;  // clips weigh as their classes do: balanced_weights()
};

using Training = std::variant<Recipe, SolverSettings>;

}  // namespace melgrad
