#include "layers/models/spotify_dense.h"

#include "layers/activation.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"

namespace melgrad {

std::unique_ptr<Module> spotify_dense(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>();
  net->add<Flatten>();
  net->add<Linear>(input.numel(), 30, keras_weights).add<ReLU>();
  net->add<Linear>(30, 30, keras_weights).add<ReLU>();
  net->add<Linear>(30, classes, keras_weights);
  return net;
}

}  // namespace melgrad
