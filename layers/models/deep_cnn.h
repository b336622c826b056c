#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study A's deeper CNN, the same idea as the base CNN without skip connections: for 32, 64, 128,
/// 256, 256 filters: 2 × [Conv k3 p1 -> BN -> ReLU] -> Pool2; then Dropout .5 -> 1024 -> 128 -> ReLU
/// -> classes, of (3, 64, 64). input (C, H, W), H and W ≥ 32.
/// Inferred: all of it; the write-up says deeper (we take ten convolutions).
std::unique_ptr<Module> deep_cnn(const Shape& input, i64 classes);

}  // namespace melgrad
