#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// AlexNet in torchvision's layout and names: Krizhevsky 2014, arXiv 1404.5997 ("one weird trick").
/// (N, 3, H, W), H and W ≥ 63; made for 224.
std::unique_ptr<Module> alexnet(i64 classes);

}  // namespace melgrad
