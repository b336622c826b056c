#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "apps/harness/data.h"
#include "apps/harness/results.h"
#include "layers/module.h"
#include "optim/adam.h"
#include "optim/early_stopping.h"
#include "optim/plateau.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"

namespace melgrad {

class Progress;
struct Batch;

/// How a net is trained. The plateau rule and early stopping watch the validation loss, and do not
/// count before their min_steps.
struct Training {
  std::variant<AdamSettings, SGDSettings, RMSpropSettings> optimizer = AdamSettings{.lr = 1e-3};
  i64 batch = 64, epochs = 60;
  PlateauSettings plateau;
  EarlyStoppingSettings early_stopping;
  double clip_norm = 0;  // of the gradient; 0: no clipping
  bool bf16 = false;
  bool cuda_graph = false;  // steps on whole batches are recorded and repeated (step_graph.h)

  double lr() const;
  void set_lr(double lr);
  /// "Adam"
  std::string optimizer_name() const;
};

/// What a net says of some examples.
struct Evaluation {
  double loss = 0, accuracy = 0;
  std::vector<Prediction> predictions;
};
/// In evaluation mode, without gradients.
Evaluation evaluate(Module& net, const StudyData& data, const std::vector<i64>& indices, i64 batch,
                    bool bf16 = false);

/// Trains one net. Everything that the rest of a training depends on is in its checkpoint: one that
/// was stopped and resumed, even within an epoch, ends with the same bits as one that was not, and
/// so does one whose steps are recorded as a CUDA graph.
class Trainer {
 public:
  /// `generator` is the source of the net's dropout masks. Batches follow from `seed` and the
  /// epoch's number alone.
  Trainer(Module& net, Generator generator, const StudyData& data, const Split& split,
          const Training& training, u64 seed);
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Epochs until the end of the training; then the best weights are in the net and were tested.
  /// After every epoch a checkpoint is written to `checkpoint` unless that is empty. On Ctrl-C the
  /// step is finished, a checkpoint written, and Interrupted thrown. A loss that is not finite ends
  /// the training: Fit::diverged. With cuda_graph losses are looked at when the epoch is over, so
  /// that the GPU is not waited for.
  Fit run(const std::filesystem::path& checkpoint, Progress& progress);

  /// The whole file or none of it: an error leaves the earlier checkpoint as it was.
  void save(const std::filesystem::path& checkpoint) const;
  void load(const std::filesystem::path& checkpoint);

 private:
  struct RecordedStep;
  /// What a step said of its batch, on the device until account() reads it.
  struct Outcome {
    Tensor loss_and_right;  // (2): the mean loss, the number of right answers
    i64 clips = 0;
  };

  bool train_epoch(Progress& progress, const std::filesystem::path& checkpoint);
  void step(const Batch& batch);
  Tensor learn(const Batch& batch);
  Tensor learn_by_graph(const Batch& batch);
  bool account();
  void end_epoch(const Evaluation& valid);
  std::string remark() const;
  Fit finish();

  Module& net_;
  Generator generator_;
  const StudyData& data_;
  const Split& split_;
  Training training_;
  u64 seed_;
  std::unique_ptr<Optimizer> optimizer_;
  ReduceLROnPlateau plateau_;
  EarlyStopping stopping_;
  std::shared_ptr<RecordedStep> recorded_;  // null before the first whole batch
  std::vector<Outcome> outcomes_;           // of steps that running_ does not have yet

  // What save() writes besides the net, the optimiser and the two rules:
  i64 next_batch_ = 0;  // of the running epoch, whose number is history_.size()
  Epoch running_;       // sums over the clips of the running epoch so far
  double seconds_ = 0;  // of all epochs that are done
  std::vector<Epoch> history_;
  StateDict best_;  // weights and buffers of the best epoch
  std::string ended_;
  bool diverged_ = false;
};

}  // namespace melgrad
