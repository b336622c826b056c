#pragma once
#include <memory>

#include "layers/sequential.h"

namespace melgrad {

/// ResNet-RS-50 in timm's layout, names and initial values: Bello et al. 2021, arXiv 2103.07579. What
/// it changes in ResNet-50:
/// - the stem's 7 × 7 convolution is three of 3 × 3 (He et al. 2018, arXiv 1812.01187, fig. 2, C), its
///   max-pooling a fourth, with stride 2;
/// - where a shortcut changes size, average pooling does, then a 1 × 1 convolution (fig. 2, D);
/// - squeeze-and-excitation to a quarter of the channels at the end of each block's F;
/// - the last batch norm of F starts with weight 0: each block starts as its shortcut.
/// input (C, H, W) of any size; made for (3, 224, 224).
std::unique_ptr<Module> resnetrs50(const Shape& input, i64 classes);

/// All but the last pooling and linear layer.  (N, C, H, W) -> (N, 2048, H/32, W/32), rounded up
void add_resnetrs50_body(Sequential& net, i64 channels);

}  // namespace melgrad
