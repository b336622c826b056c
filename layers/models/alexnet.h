#pragma once
#include <memory>

#include "layers/sequential.h"

namespace melgrad {

/// AlexNet in torchvision's layout and names: Krizhevsky 2014, arXiv 1404.5997 ("one weird trick").
/// input (C, H, W), H and W ≥ 63; made for (3, 224, 224).
std::unique_ptr<Module> alexnet(const Shape& input, i64 classes);

/// Its convolutions, as `features`.  (N, C, H, W) -> (N, 256, (H − 31)/32, (W − 31)/32), rounded down
void add_alexnet_features(Sequential& net, i64 channels);

}  // namespace melgrad
