#include "layers/models/alexnet.h"

#include "layers/activation.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace melgrad {

void add_alexnet_features(Sequential& net, i64 channels) {
  auto features = std::make_unique<Sequential>();
  features->add<Conv2d>(channels, 64, 11, Conv2dOptions{.stride = 4, .padding = 2}).add<ReLU>();
  features->add<MaxPool2d>(3, Pool2dOptions{.stride = 2});
  features->add<Conv2d>(64, 192, 5, Conv2dOptions{.padding = 2}).add<ReLU>();
  features->add<MaxPool2d>(3, Pool2dOptions{.stride = 2});
  features->add<Conv2d>(192, 384, 3, Conv2dOptions{.padding = 1}).add<ReLU>();
  features->add<Conv2d>(384, 256, 3, Conv2dOptions{.padding = 1}).add<ReLU>();
  features->add<Conv2d>(256, 256, 3, Conv2dOptions{.padding = 1}).add<ReLU>();
  features->add<MaxPool2d>(3, Pool2dOptions{.stride = 2});
  net.append("features", std::move(features));
}

std::unique_ptr<Module> alexnet(const Shape& input, i64 classes) {
  auto classifier = std::make_unique<Sequential>();
  classifier->add<Dropout>(.5).add<Linear>(256 * 6 * 6, 4096).add<ReLU>();
  classifier->add<Dropout>(.5).add<Linear>(4096, 4096).add<ReLU>();
  classifier->add<Linear>(4096, classes);

  auto net = std::make_unique<Sequential>("AlexNet");
  add_alexnet_features(*net, input[0]);
  net->add_as<AdaptiveAvgPool2d>("avgpool", 6).add_as<Flatten>("flatten");
  net->append("classifier", std::move(classifier));
  return net;
}

}  // namespace melgrad
