#pragma once
#include <memory>

#include "layers/models/classifier.h"

namespace melgrad {

/// Study B's nets in Keras's conventions: batch norm after the ReLU, no padding, Glorot-uniform;
/// values are flattened in the order H, W, C. input (C, H, W), (3, 128, 1024) as published: 128 mels
/// by 1024 frames.

/// For 32 filters k4 s2, 32 k3 s2, 64 k2, 128 k2: Conv -> ReLU -> BN -> Pool2; then the head. H and
/// W ≥ 118.
std::unique_ptr<Module> convpool(const Shape& input, i64 classes);
/// For 32 filters k2 s2, then 64 k2: Conv -> ReLU -> Conv -> ReLU -> BN -> Pool2; then the head. H
/// and W ≥ 32.
std::unique_ptr<Module> convconvpool(const Shape& input, i64 classes);

/// The head of study B's three nets: (N, C, H, W), C·H·W values -> Dropout .5 -> flatten -> 1024 ->
/// BN -> ReLU -> Dropout .5 -> classes.
void add_dense_head(Sequential& classifier, i64 values, i64 classes);

}  // namespace melgrad
