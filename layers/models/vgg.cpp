#include "layers/models/vgg.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

// Filters of each convolution; 0 is a pooling.
using Widths = std::vector<i64>;
const Widths configuration_a{64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0};
const Widths configuration_d{64, 64,  0,   128, 128, 0,   256, 256, 256,
                             0,  512, 512, 512, 0,   512, 512, 512, 0};

void add_features(Sequential& net, const Widths& widths, bool batch_norm, i64 channels) {
  auto features = std::make_unique<Sequential>();
  for (i64 filters : widths) {
    if (filters == 0) {
      features->add<MaxPool2d>(2);
      continue;
    }
    features->add<Conv2d>(channels, filters, 3, Conv2dOptions{.padding = 1},
                          WeightSettings{.init = init::kaiming_fan_out});
    if (batch_norm) features->add<BatchNorm2d>(filters);
    features->add<ReLU>();
    channels = filters;
  }
  net.append("features", std::move(features));
}

std::unique_ptr<Module> vgg(const Widths& widths, bool batch_norm, i64 channels, i64 classes) {
  const WeightSettings narrow{.init = init::normal_001};
  auto classifier = std::make_unique<Sequential>();
  classifier->add<Linear>(512 * 7 * 7, 4096, narrow).add<ReLU>().add<Dropout>(.5);
  classifier->add<Linear>(4096, 4096, narrow).add<ReLU>().add<Dropout>(.5);
  classifier->add<Linear>(4096, classes, narrow);

  auto net = std::make_unique<Sequential>("Vgg");
  add_features(*net, widths, batch_norm, channels);
  net->add_as<AdaptiveAvgPool2d>("avgpool", 7).add_as<Flatten>("flatten");
  net->append("classifier", std::move(classifier));
  return net;
}

}  // namespace

void add_vgg16_bn_features(Sequential& net, i64 channels) {
  add_features(net, configuration_d, true, channels);
}

std::unique_ptr<Module> vgg11(const Shape& input, i64 classes) {
  return vgg(configuration_a, false, input[0], classes);
}

std::unique_ptr<Module> vgg11_bn(const Shape& input, i64 classes) {
  return vgg(configuration_a, true, input[0], classes);
}

std::unique_ptr<Module> vgg16(const Shape& input, i64 classes) {
  return vgg(configuration_d, false, input[0], classes);
}

std::unique_ptr<Module> vgg16_bn(const Shape& input, i64 classes) {
  return vgg(configuration_d, true, input[0], classes);
}

}  // namespace melgrad
