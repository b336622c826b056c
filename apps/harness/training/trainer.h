#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apps/harness/training/evaluate.h"
#include "apps/harness/training/learner.h"
#include "apps/harness/training/objective.h"
#include "apps/harness/training/outcomes.h"
#include "apps/harness/training/parameters.h"
#include "apps/harness/training/rate.h"

namespace melgrad {

/// Trains a net by a recipe. One whose steps are recorded as a CUDA graph ends with the same bits as
/// one whose are not.
class Trainer final : public Learner {
 public:
  Trainer(Module& net, const Generator& generator, const Lesson& lesson, const Recipe& recipe,
          u64 seed);

  /// A checkpoint is written after every epoch and, within one, every few minutes. With cuda_graph
  /// losses are looked at when the epoch is over, so that the GPU is not waited for.
  Fit run(const std::filesystem::path& checkpoint, Progress& progress) override;
  i64 steps() const override;
  /// The whole file or none of it: an error leaves the earlier checkpoint as it was.
  void save(const std::filesystem::path& checkpoint) const;
  /// A training that had all its epochs goes on if the recipe has more by now. Throws Error if it
  /// has fewer than are done, or if the rate's course has another length than it began with.
  void load(const std::filesystem::path& checkpoint) override;

 private:
  struct RecordedStep;
  /// Where an epoch, counted over all stages, is: the stage, the epoch within it.
  struct Place {
    std::size_t stage = 0;
    i64 epoch = 0;
  };

  Place place_of(i64 epoch) const;
  i64 clips_of_pass() const;                 // through the training part
  i64 batches_of(const Stage& stage) const;  // an epoch
  i64 batches_before(i64 epoch) const;
  std::vector<i64> order_of(i64 epoch) const;
  void begin_stage(std::size_t stage);

  bool train_epoch(Progress& progress, const std::filesystem::path& checkpoint);
  /// `first`, `last` of the batches that a step accumulates, which have `clips_of_step` in all.
  void step(const Batch& batch, i64 clips_of_step, bool first, bool last);
  Tensor learn(const Batch& batch, i64 clips_of_step, bool first, bool last);
  Tensor learn_by_graph(const Batch& batch);
  bool account(const std::vector<Outcomes::Outcome>& outcomes);
  Evaluation validate();
  void end_epoch(const Evaluation& valid);
  std::string remark() const;
  Evaluation test();
  /// Scores of the weights that the recipe tests; where those are the last, the best epoch's beside.
  Fit finish();

  Module& net_;
  Generator generator_;
  Lesson lesson_;
  Recipe recipe_;
  u64 seed_;
  Loss loss_;
  std::vector<std::vector<double>> rate_factors_;  // of each stage, of the optimiser's groups
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<StageRate> rate_;
  std::size_t stage_ = 0;  // that rate_ is of
  EarlyStopping stopping_;
  std::shared_ptr<RecordedStep> recorded_;  // null before the first whole batch of a stage
  Outcomes outcomes_;                       // of batches that running_ does not have yet

  // What save() writes besides the net, the optimiser and the rules:
  i64 next_batch_ = 0;  // of the running epoch, whose number is history_.size()
  Epoch running_;       // sums over the clips of the running epoch so far
  i64 running_clips_ = 0;
  double seconds_ = 0;  // of all epochs that are done
  std::vector<Epoch> history_;
  StateDict best_;  // weights and buffers of the best epoch
  std::string ended_;
  bool diverged_ = false;
};

}  // namespace melgrad
