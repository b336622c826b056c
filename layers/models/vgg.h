#pragma once
#include <memory>

#include "layers/sequential.h"

namespace melgrad {

/// VGG in torchvision's layout, names and initial values: Simonyan & Zisserman 2014, arXiv
/// 1409.1556, table 1, configurations A and D; _bn with batch norm after each convolution.
/// input (C, H, W), H and W ≥ 32; made for (3, 224, 224).
std::unique_ptr<Module> vgg11(const Shape& input, i64 classes);
std::unique_ptr<Module> vgg11_bn(const Shape& input, i64 classes);
std::unique_ptr<Module> vgg16(const Shape& input, i64 classes);
std::unique_ptr<Module> vgg16_bn(const Shape& input, i64 classes);

/// vgg16_bn's convolutions, as `features`.  (N, C, H, W) -> (N, 512, H/32, W/32), rounded down
void add_vgg16_bn_features(Sequential& net, i64 channels);

}  // namespace melgrad
