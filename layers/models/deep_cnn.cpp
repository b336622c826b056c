#include "layers/models/deep_cnn.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/models/classifier.h"
#include "layers/pool.h"

namespace melgrad {

std::unique_ptr<Module> deep_cnn(const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>("DeepCnn");
  i64 channels = input[0];
  for (i64 filters : {32, 64, 128, 256, 256}) {
    for (i64 in : {channels, filters}) {
      net->features.add<Conv2d>(in, filters, 3, Conv2dOptions{.padding = 1});
      net->features.add<BatchNorm2d>(filters).add<ReLU>();
    }
    net->features.add<MaxPool2d>(2);
    channels = filters;
  }
  net->classifier.add<Flatten>().add<Dropout>(.5);
  net->classifier.add<Linear>(256 * (input[1] / 32) * (input[2] / 32), 128).add<ReLU>();
  net->classifier.add<Linear>(128, classes);
  return net;
}

}  // namespace melgrad
