#pragma once
#include <filesystem>
#include <memory>

#include "apps/harness/data/examples.h"
#include "apps/harness/data/view.h"
#include "apps/harness/results/results.h"
#include "apps/harness/training/recipe.h"
#include "audio/collections/split.h"
#include "layers/module.h"

namespace melgrad {

class Progress;

/// What a net learns from, and what it is tested on.
struct Lesson {
  const Examples& examples;
  const FittedView& view;
  const Split& split;
};

/// One fit of one row, which can be stopped and resumed: one that was ends with the same bits as one
/// that was not.
class Learner {
 public:
  Learner() = default;
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;
  virtual ~Learner() = default;

  /// Until the end; then the weights that were tested are in the net. From time to time everything
  /// that the rest depends on is written to `checkpoint` unless that is empty. On Ctrl-C a
  /// checkpoint is written and Interrupted thrown. A loss that is not finite ends the training:
  /// Fit::diverged.
  virtual Fit run(const std::filesystem::path& checkpoint, Progress& progress) = 0;
  /// Goes on where `checkpoint` was written. Throws Error if it is of another fit.
  virtual void load(const std::filesystem::path& checkpoint) = 0;
  /// Steps of all epochs: what `progress` counts.
  virtual i64 steps() const = 0;
};

/// A Trainer, or a Solver. `generator` is the source of the net's dropout masks; everything else that
/// is drawn follows from `seed`.
std::unique_ptr<Learner> make_learner(Module& net, const Generator& generator, const Lesson& lesson,
                                      const Training& training, u64 seed);

}  // namespace melgrad
