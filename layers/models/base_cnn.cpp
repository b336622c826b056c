#include "layers/models/base_cnn.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace melgrad {

void add_base_features(Sequential& features, i64 channels) {
  for (i64 filters : {32, 64, 128}) {
    features.add<Conv2d>(channels, filters, 3, Conv2dOptions{.padding = 1});
    features.add<BatchNorm2d>(filters).add<ReLU>().add<MaxPool2d>(2);
    channels = filters;
  }
}

std::unique_ptr<Module> base_cnn(const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>("BaseCnn");
  add_base_features(net->features, input[0]);
  net->classifier.add<Flatten>().add<Dropout>(.5);
  net->classifier.add<Linear>(128 * (input[1] / 8) * (input[2] / 8), 128).add<ReLU>();
  net->classifier.add<Linear>(128, classes);
  return net;
}

}  // namespace melgrad
