#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// AlexNet in torchvision's layout and names: Krizhevsky 2014, arXiv 1404.5997 ("one weird trick").
/// input (C, H, W), H and W ≥ 63; made for (3, 224, 224).
std::unique_ptr<Module> alexnet(const Shape& input, i64 classes);

}  // namespace melgrad
