#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study D's nets on segments of three seconds, (1, 130, 13) as published: frames by MFCCs. Keras's
/// conventions; values are flattened in the order H, W, C. The penalty on dnn's kernels is the
/// training's, and so is the time flip, by which alone CNN-3 differs from CNN-2.

/// All values -> 512 -> 256 -> 64, each -> ReLU -> Dropout .3; -> classes. input of any shape.
std::unique_ptr<Module> dnn(const Shape& input, i64 classes);
/// Conv32 k3, Conv64 k3, Conv64 k2, unpadded, each -> ReLU -> pool 3, 3, 2 by stride 2, "same"; then
/// 64 -> ReLU -> classes. input (C, H, W), H and W ≥ 11.
std::unique_ptr<Module> cnn1(const Shape& input, i64 classes);
/// The convolutions of cnn1, each -> ReLU -> BN -> pool -> Dropout .2, .1, .1; then 128 -> ReLU ->
/// Dropout .5 -> classes. input (C, H, W), H and W ≥ 11.
std::unique_ptr<Module> cnn2(const Shape& input, i64 classes);

}  // namespace melgrad
