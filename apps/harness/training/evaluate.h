#pragma once
#include <vector>

#include "apps/harness/training/learner.h"

namespace melgrad {

/// What a net says of some examples.
struct Evaluation {
  double loss = 0, accuracy = 0;        // cross-entropy, its mean
  std::vector<Prediction> predictions;  // of indices[i]
  /// Where those are means over augmented copies: of the copies alone, and of the example as it is.
  std::vector<Prediction> of_copies = {}, plain = {};
};

/// In evaluation mode, without gradients: each example as it is. With class weights (objective.h) the
/// loss is the mean over examples that weigh as their classes do.
Evaluation evaluate(Module& net, const Examples& examples, const FittedView& view,
                    const std::vector<i64>& indices, i64 batch, bool bf16 = false,
                    const Tensor& class_weights = {});
/// The same, of strengths that are the mean over what the view's TestTime asks for: augmented
/// copies, drawn from `seed`, variants, and the example itself. The loss is −log of the mean.
/// What the copies and the example say by themselves is beside.
Evaluation evaluate_at_test_time(Module& net, const Examples& examples, const FittedView& view,
                                 const std::vector<i64>& indices, i64 batch, u64 seed,
                                 bool bf16 = false);

/// The share of songs, which are files, whose class is the strongest in the mean over those of their
/// clips that were tested; `said` of each of `clips`.
double song_accuracy(const Collection& collection, const std::vector<i64>& clips,
                     const std::vector<Prediction>& said);

/// Throws Error where the test-time copies of all these examples are equal: nothing augments them, or
/// by no chance.
void check_copies_differ(const Examples& examples, const FittedView& view,
                         const std::vector<i64>& indices, u64 seed);

/// Scores, confusion and predictions of the lesson's test part; "song accuracy" where files give
/// several clips. Where there are test-time copies also "accuracy" and "loss" of what other ways say:
/// "plain: ", of the clips as they are; "copies: ", of the mean of the copies; "copies, .25 plain: ",
/// fastai's; and for how many clips the copies changed a wrong answer, "copies: better", or a right one,
/// "copies: worse".
void add_test(Fit& fit, const Evaluation& test, const Lesson& lesson);

/// The logits of x, f32.
Variable logits_of(Module& net, const Tensor& x, bool bf16);
/// How many of logits (N, classes) have their largest at the label: 0-d f32.
Tensor count_right(const Tensor& logits, const Tensor& labels);
Device device_of(const Module& net);

}  // namespace melgrad
