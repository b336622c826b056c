#pragma once
#include <vector>

#include "kernels/cudasim/libraries/rnn/descriptors.h"

namespace melgrad::sim {

/// A layer's weights in our order, gate by gate: w_ih (gates · hidden, input)  w_hh (gates · hidden, hidden)
/// b_ih, b_hh (gates · hidden).
struct LayerWeights {
  std::vector<float> w_ih, w_hh, b_ih, b_hh;

  explicit LayerWeights(const cudnnRNNStruct& layer);
};

/// Where cuDNN keeps a gate's matrix and bias, in bytes from the weight space's start. `part`: 0 … gates − 1 those of the
/// input, gates … 2 gates − 1 those of h.
struct WeightPlace {
  i64 matrix, bias;
};
/// As only cuDNN knows it: in no order that a caller could guess, with gaps.
WeightPlace place_of(const cudnnRNNStruct& layer, i64 part);
i64 weight_space_bytes(const cudnnRNNStruct& layer);

/// Whether what lies between the matrices and biases, and behind them, is 0.
bool gaps_are_zero(const cudnnRNNStruct& layer, const void* space);

LayerWeights read_weights(const cudnnRNNStruct& layer, const void* space);
/// space += gradients
void add_gradients(const cudnnRNNStruct& layer, const LayerWeights& gradients, void* space);

}  // namespace melgrad::sim
