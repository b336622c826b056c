#include "layers/models/logistic_regression.h"

#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"

namespace melgrad {

std::unique_ptr<Module> logistic_regression(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>();
  net->add<Flatten>().add<Linear>(input.numel(), classes);
  return net;
}

}  // namespace melgrad
