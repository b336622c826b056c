#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study A's multi-layer perceptrons on all values of the input, of any shape: 12288 of (3, 64, 64).
/// The widths are inferred: the write-up gives the number of hidden layers only.

/// 12288 -> 512 -> ReLU -> classes
std::unique_ptr<Module> mlp1(const Shape& input, i64 classes);
/// 12288 -> 512 -> ReLU -> 128 -> ReLU -> classes
std::unique_ptr<Module> mlp2(const Shape& input, i64 classes);

}  // namespace melgrad
