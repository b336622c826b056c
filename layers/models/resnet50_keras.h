#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// ResNet-50 (He et al. 2015, arXiv 1512.03385, table 1) as Keras had it in 2017, up to 2.0.6, with
/// its layers' names ("res5c_branch2b", "bn5c_branch2b") and study B's head (convpool.h). It is not
/// torchvision's: stride 2 is in a block's first 1×1 convolution, not in its 3×3; convolutions have
/// biases; the stem's pooling is not padded; batch norm's eps is 1e-3; the last pooling is 7×7, not
/// of the whole picture. input (C, H, W), H and W ≥ 197; (3, 200, 1024) as published.
std::unique_ptr<Module> resnet50_keras(const Shape& input, i64 classes);

}  // namespace melgrad
