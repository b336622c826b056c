#include "layers/models/segment_nets.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/models/classifier.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

struct Convolution {
  i64 filters, kernel;
  double dropout;  // of cnn2
};
constexpr Convolution convolutions[] = {{32, 3, .2}, {64, 3, .1}, {64, 2, .1}};

const Pool2dOptions same{.stride = 2, .mode = Padding::same};

// Of what the convolutions make of `input`, each with its pooling.
i64 values_of(const Shape& input) {
  Pair size{input[1], input[2]};
  for (const Convolution& conv : convolutions) size = halved(windows(size, conv.kernel));
  return 64 * size.h * size.w;
}

}  // namespace

std::unique_ptr<Module> dnn(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>();
  net->add<FlattenChannelsLast>();
  i64 values = input.numel();
  for (i64 units : {512, 256, 64}) {
    net->add<Linear>(values, units, keras_weights).add<ReLU>().add<Dropout>(.3);
    values = units;
  }
  net->add<Linear>(values, classes, keras_weights);
  return net;
}

std::unique_ptr<Module> cnn1(const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>("Cnn1");
  i64 channels = input[0];
  for (const auto& [filters, kernel, dropout] : convolutions) {
    net->features.add<Conv2d>(channels, filters, kernel, Conv2dOptions{}, keras_weights);
    net->features.add<ReLU>().add<MaxPool2d>(kernel, same);
    channels = filters;
  }
  net->classifier.add<FlattenChannelsLast>();
  net->classifier.add<Linear>(values_of(input), 64, keras_weights).add<ReLU>();
  net->classifier.add<Linear>(64, classes, keras_weights);
  return net;
}

std::unique_ptr<Module> cnn2(const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>("Cnn2");
  i64 channels = input[0];
  for (const auto& [filters, kernel, dropout] : convolutions) {
    net->features.add<Conv2d>(channels, filters, kernel, Conv2dOptions{}, keras_weights);
    net->features.add<ReLU>().add<BatchNorm2d>(filters, keras_batch_norm);
    net->features.add<MaxPool2d>(kernel, same).add<Dropout>(dropout);
    channels = filters;
  }
  net->classifier.add<FlattenChannelsLast>();
  net->classifier.add<Linear>(values_of(input), 128, keras_weights).add<ReLU>();
  net->classifier.add<Dropout>(.5).add<Linear>(128, classes, keras_weights);
  return net;
}

}  // namespace melgrad
