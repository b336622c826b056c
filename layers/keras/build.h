#pragma once
#include <memory>

#include "layers/keras/load_keras.h"
#include "layers/keras/weights.h"

namespace melgrad {

/// The net that weights.model_config describes, its parameters not loaded yet. No layer is made before
/// its sizes were found in the weights: a description alone allocates nothing.
std::unique_ptr<KerasNet> build_keras(const KerasWeights& weights);

}  // namespace melgrad
