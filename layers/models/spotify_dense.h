#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study D's net on Spotify's features, 21 values as published: 30 -> ReLU -> 30 -> ReLU -> classes,
/// as Keras draws it. input of any shape.
std::unique_ptr<Module> spotify_dense(const Shape& input, i64 classes);

}  // namespace melgrad
