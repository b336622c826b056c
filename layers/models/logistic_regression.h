#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// (N, 3, 64, 64) -> Linear 12288 -> classes. Study A's simplest net.
std::unique_ptr<Module> logistic_regression(i64 classes);

}  // namespace melgrad
