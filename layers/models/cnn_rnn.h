#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study A's hybrids: the base CNN's features, (N, 128, 8, 8) of (3, 64, 64), of which each time
/// column (C × H = 1024 values) is one step of a recurrent layer of 128 units; its last state ->
/// Linear -> classes. input (C, H, W), H and W ≥ 8.
/// Inferred: all of it; the write-up says convolutions, then RNN or LSTM.
std::unique_ptr<Module> cnn_rnn(const Shape& input, i64 classes);
std::unique_ptr<Module> cnn_lstm(const Shape& input, i64 classes);

}  // namespace melgrad
