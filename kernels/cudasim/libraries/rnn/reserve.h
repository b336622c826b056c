#pragma once
#include "kernels/cudasim/libraries/rnn/layer.h"

namespace melgrad::sim {

/// How far a reserve has come: cuDNN's three calls of a training step come in this order.
enum class Stage : u64 { forward_done = 0x5eed0001, data_gradients_done = 0x5eed0002 };

/// What was computed with, to be the same in backward.
struct Inputs {
  u64 x = 0, h0 = 0, c0 = 0, y = 0, weights = 0;
};
u64 checksum(const std::vector<float>& values);
u64 checksum(const LayerWeights& weights);

/// What training keeps from call to call, in the caller's memory.
struct Reserve {
  Stage stage = Stage::forward_done;
  Inputs inputs = {};
  Steps kept = {};
};
i64 reserve_bytes(const cudnnRNNStruct& layer, const cudnnRNNDataStruct& data);
void write_reserve(const Reserve& reserve, void* memory);
/// Throws Error unless the memory holds what the call of `stage` left there for these sizes, untouched.
Reserve read_reserve(const cudnnRNNStruct& layer, const cudnnRNNDataStruct& data, Stage stage,
                     const void* memory, std::string_view call);
/// Throws Error unless they are what forward saw. 0: not given.
void check_inputs(const Reserve& reserve, const Inputs& now, std::string_view call);

}  // namespace melgrad::sim
