#pragma once
#include <memory>

#include "layers/models/classifier.h"

namespace melgrad {

/// (N, 3, 64, 64) -> (N, 128, 8, 8): for 32, 64, 128 filters: Conv k3 p1 -> BN -> ReLU -> Pool2.
void add_base_features(Sequential& features);

/// Study A's base CNN: the features above -> Dropout .5 -> 8192 -> 128 -> ReLU -> classes.
/// Inferred: all numbers; the write-up says batch norm, max-pooling and dropout.
std::unique_ptr<Module> base_cnn(i64 classes);

}  // namespace melgrad
