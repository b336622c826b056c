#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// All values of the input, of any shape -> Linear -> classes. Study A's simplest net, 12288 values.
std::unique_ptr<Module> logistic_regression(const Shape& input, i64 classes);

}  // namespace melgrad
