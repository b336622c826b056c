#pragma once
#include <memory>

#include "layers/sequential.h"

namespace melgrad {

/// ResNet in torchvision's layout, names and initial values: He et al. 2015, arXiv 1512.03385, table
/// 1, 34 and 50 layers, the latter with the stride in a bottleneck's 3 × 3 convolution.
/// input (C, H, W) of any size; made for (3, 224, 224).
std::unique_ptr<Module> resnet34(const Shape& input, i64 classes);
std::unique_ptr<Module> resnet50(const Shape& input, i64 classes);

/// All but the last pooling and linear layer.
/// (N, C, H, W) -> (N, 512, H/32, W/32) and (N, 2048, H/32, W/32), rounded up
void add_resnet34_body(Sequential& net, i64 channels);
void add_resnet50_body(Sequential& net, i64 channels);

}  // namespace melgrad
