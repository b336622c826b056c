#include "layers/models/logistic_regression.h"

#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"

namespace melgrad {

std::unique_ptr<Module> logistic_regression(i64 classes) {
  auto net = std::make_unique<Sequential>();
  net->add<Flatten>().add<Linear>(3 * 64 * 64, classes);
  return net;
}

}  // namespace melgrad
