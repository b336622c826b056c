#pragma once
#include <vector>

#include "apps/harness/training/recipe.h"

namespace melgrad {

/// What fastai's fine_tune has to know of a published net's body, beside which its head is "head.*".
struct Body {
  /// The layers that have a tenth of the head's rate, those before a hundredth; none: all of the body
  /// has a hundredth.
  std::vector<ParameterPattern> second_group = {};
  bool has_batch_norms = true;
};

/// fastai 2's fine_tune(epochs, lr) of Adam and its defaults (Howard & Gugger 2020, arXiv 2002.04688): an
/// epoch of the head, and of the body's batch norms at a tenth of its rate, by one cycle; then all of it
/// at half the rate, by depth, by one cycle of `epochs`, `rounds` times. Decoupled decay, none of biases
/// and batch norms; batches of 64; the last weights.
Recipe fine_tuned(const Body& body, double lr, i64 epochs, i64 rounds = 1);

}  // namespace melgrad
