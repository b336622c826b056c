#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "layers/fusion.h"
#include "layers/module.h"

namespace melgrad {

/// Layers one after the other under Keras's names, so that a parameter is "conv2d_1.weight". A layer's
/// activation is a module of its own after it, "conv2d_1_relu".
class KerasNet final : public Module {
 public:
  using Layers = std::vector<std::pair<std::string, std::unique_ptr<Module>>>;
  KerasNet(Shape input, Layers layers);

  std::string type() const override { return "KerasNet"; }
  Variable forward(const Variable& x) override { return chain_(x); }
  /// Of one sample: (C, H, W), (T, D) or (D); −1 where the file leaves a size open.
  const Shape& input() const { return input_; }

 private:
  Shape input_;
  Layers layers_;
  Chain chain_;
};

/// The net that a Keras model's .h5 describes, with its weights, in evaluation. x (N, C, H, W) is
/// Keras's (N, H, W, C). A softmax at the end is left out: the net gives logits, as all of ours, and
/// softmax(logits) is what Keras's model.predict gives.
///
/// InputLayer, Conv2D, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D,
/// BatchNormalization, ZeroPadding2D, Dropout, Flatten, Dense, Activation, ReLU, LeakyReLU, Softmax;
/// activations linear, relu, tanh, sigmoid, gelu, softmax. Throws Error that names the layer, its
/// class, the option and its value on anything else; on weights that do not fit; and as
/// read_keras_weights and read_keras_config do.
std::unique_ptr<KerasNet> load_keras(const std::filesystem::path& path);

}  // namespace melgrad
