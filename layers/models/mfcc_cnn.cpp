#include "layers/models/mfcc_cnn.h"

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
};

std::unique_ptr<Module> mfcc_cnn(const char* type, const std::vector<Convolution>& convolutions,
                                 Padding padding, i64 hidden, const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>(type);
  i64 channels = input[0];
  Pair size{input[1], input[2]};
  for (auto [filters, kernel] : convolutions) {
    net->features.add<Conv2d>(channels, filters, kernel, Conv2dOptions{.mode = padding},
                              keras_weights);
    net->features.add<ReLU>();
    net->features.add<MaxPool2d>(kernel, Pool2dOptions{.stride = 2, .mode = Padding::same});
    net->features.add<BatchNorm2d>(filters, keras_batch_norm);
    channels = filters;
    size = halved(padding == Padding::same ? size : windows(size, kernel));
  }
  net->classifier.add<FlattenChannelsLast>();
  net->classifier.add<Linear>(channels * size.h * size.w, hidden, keras_weights).add<ReLU>();
  net->classifier.add<Dropout>(.3).add<Linear>(hidden, classes, keras_weights);
  return net;
}

}  // namespace

std::unique_ptr<Module> mfcc_basic(const Shape& input, i64 classes) {
  return mfcc_cnn("MfccBasic", {{32, 3}, {32, 3}, {32, 2}}, Padding::explicit_, 64, input, classes);
}

std::unique_ptr<Module> mfcc_deeper(const Shape& input, i64 classes) {
  return mfcc_cnn("MfccDeeper", {{32, 3}, {32, 3}, {32, 2}, {64, 3}, {64, 3}}, Padding::same, 128,
                  input, classes);
}

}  // namespace melgrad
