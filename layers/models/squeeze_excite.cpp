#include "layers/models/squeeze_excite.h"

namespace melgrad {
namespace {

// timm's nets draw the weights of all their convolutions by fan_out; what a bias was stays.
void timm(Tensor& weight, Tensor& bias, Generator& generator) {
  init::pytorch(weight, bias, generator);
  init::kaiming_normal(weight, generator, init::relu_gain, init::Fan::out);
}

}  // namespace

SqueezeExcite::SqueezeExcite(i64 channels, i64 squeezed)
    : fc1_(channels, squeezed, 1, Conv2dOptions{}, WeightSettings{.init = timm}),
      fc2_(squeezed, channels, 1, Conv2dOptions{}, WeightSettings{.init = timm}) {
  add_module("squeeze", squeeze_);
  add_module("fc1", fc1_);
  add_module("act", relu_);
  add_module("fc2", fc2_);
  add_module("gate", gate_);
}

}  // namespace melgrad
