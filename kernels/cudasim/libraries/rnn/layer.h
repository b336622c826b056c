#pragma once
#include "kernels/cudasim/libraries/rnn/weights.h"

namespace melgrad::sim {

/// Values of steps and sequences, (t, n, size), 0 where a sequence has ended.
using Steps = std::vector<float>;

Steps read_steps(const cudnnRNNDataStruct& data, const void* array);
/// What is padding becomes the value that `data` names for it.
void write_steps(const cudnnRNNDataStruct& data, const Steps& steps, void* array);

/// One layer's passes over sequences as long as `data` says. States are (n, hidden).
struct Pass {
  cudnnRNNStruct layer;
  cudnnRNNDataStruct data;  // of y
  LayerWeights weights;
  Steps h0, c0;

  struct Forward {
    Steps y, hn, cn, kept;  // kept (t, n, kept_values)
  };
  Forward forward(Steps x) const;

  struct Backward {
    Steps dx, dh0, dc0;
  };
  /// `kept` becomes the gates' gradients.
  Backward backward_data(const Steps& y, const Steps& dy, const Steps& dhn, const Steps& dcn,
                         Steps& kept) const;
  LayerWeights backward_weights(const Steps& x, const Steps& y, const Steps& gate_gradients) const;

 private:
  const float* h_before(i64 t, i64 n, const Steps& y) const;
};

}  // namespace melgrad::sim
