#include "layers/models/mlp.h"

#include "layers/activation.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"

namespace melgrad {

std::unique_ptr<Module> mlp1(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>();
  net->add<Flatten>();
  net->add<Linear>(input.numel(), 512).add<ReLU>();
  net->add<Linear>(512, classes);
  return net;
}

std::unique_ptr<Module> mlp2(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>();
  net->add<Flatten>();
  net->add<Linear>(input.numel(), 512).add<ReLU>();
  net->add<Linear>(512, 128).add<ReLU>();
  net->add<Linear>(128, classes);
  return net;
}

}  // namespace melgrad
