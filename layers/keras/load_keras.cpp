#include "layers/keras/load_keras.h"

#include "layers/keras/build.h"
#include "layers/keras/weights.h"

namespace melgrad {

KerasNet::KerasNet(Shape input, Layers layers) : input_(input), layers_(std::move(layers)) {
  for (auto& [name, layer] : layers_) {
    add_module(name, *layer);
    chain_.add(*layer);
  }
}

std::unique_ptr<KerasNet> load_keras(const std::filesystem::path& path) {
  KerasWeights weights = read_keras_weights(path);
  check(!weights.model_config.empty(), "load_keras",
        "{}: has weights only, no model_config: make the net, and load them into it", path);
  auto net = build_keras(weights);
  net->load_state_dict(keras_state_dict(weights, *net));
  net->eval();
  return net;
}

}  // namespace melgrad
