#pragma once
#include "kernels/cudasim/libraries/rnn/descriptors.h"

namespace melgrad::sim {

/// What a step of one sequence leaves for backward: gates · hidden activated gates, then `hidden` values more, of an LSTM the
/// cell state, of a GRU W_hn h + b_hn.
inline i64 kept_values(const cudnnRNNStruct& layer) { return (layer.gates() + 1) * layer.hidden; }

/// One step of one sequence (cuDNN documentation, cudnnRNNMode_t).
/// of_x = W_ih x + b_ih, of_h = W_hh h + b_hh (gates · hidden)  c (hidden) becomes the next  h, h_next (hidden)
void cell_forward(const cudnnRNNStruct& layer, const float* of_x, const float* of_h, const float* h,
                  float* c, float* h_next, float* kept);

/// `kept` becomes d of_x and, of a GRU, the n gate's part of d of_h.
/// h (hidden) before the step  c before the step  dh becomes what reaches h past the gates  dc becomes that of the c before
void cell_backward(const cudnnRNNStruct& layer, const float* h, const float* c, float* dh,
                   float* dc, float* kept);

}  // namespace melgrad::sim
