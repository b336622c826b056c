#pragma once
#include <memory>

#include "layers/models/classifier.h"

namespace melgrad {

/// (N, C, H, W) -> (N, 128, H/8, W/8): for 32, 64, 128 filters: Conv k3 p1 -> BN -> ReLU -> Pool2.
void add_base_features(Sequential& features, i64 channels);

/// Study A's base CNN: the features above -> Dropout .5 -> 8192 -> 128 -> ReLU -> classes, of
/// (3, 64, 64). input (C, H, W), H and W ≥ 8.
/// Inferred: all numbers; the write-up says batch norm, max-pooling and dropout.
std::unique_ptr<Module> base_cnn(const Shape& input, i64 classes);

}  // namespace melgrad
