#include "layers/models/convpool.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

struct Convolution {
  i64 filters, kernel, stride;
};

}  // namespace

void add_dense_head(Sequential& classifier, i64 values, i64 classes) {
  classifier.add<Dropout>(.5).add<FlattenChannelsLast>();
  classifier.add<Linear>(values, 1024, keras_weights);
  classifier.add<BatchNorm1d>(1024, keras_batch_norm).add<ReLU>().add<Dropout>(.5);
  classifier.add<Linear>(1024, classes, keras_weights);
}

std::unique_ptr<Module> convpool(const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>("ConvPool");
  i64 channels = input[0];
  Pair size{input[1], input[2]};
  for (auto [filters, kernel, stride] :
       {Convolution{32, 4, 2}, {32, 3, 2}, {64, 2, 1}, {128, 2, 1}}) {
    net->features.add<Conv2d>(channels, filters, kernel, Conv2dOptions{.stride = stride},
                              keras_weights);
    net->features.add<ReLU>().add<BatchNorm2d>(filters, keras_batch_norm).add<MaxPool2d>(2);
    channels = filters;
    size = windows(windows(size, kernel, stride), 2, 2);
  }
  add_dense_head(net->classifier, channels * size.h * size.w, classes);
  return net;
}

std::unique_ptr<Module> convconvpool(const Shape& input, i64 classes) {
  auto net = std::make_unique<Classifier>("ConvConvPool");
  i64 channels = input[0];
  Pair size{input[1], input[2]};
  for (auto [filters, kernel, stride] : {Convolution{32, 2, 2}, {64, 2, 1}}) {
    for (i64 in : {channels, filters}) {
      net->features.add<Conv2d>(in, filters, kernel, Conv2dOptions{.stride = stride},
                                keras_weights);
      net->features.add<ReLU>();
      size = windows(size, kernel, stride);
    }
    net->features.add<BatchNorm2d>(filters, keras_batch_norm).add<MaxPool2d>(2);
    channels = filters;
    size = windows(size, 2, 2);
  }
  add_dense_head(net->classifier, channels * size.h * size.w, classes);
  return net;
}

}  // namespace melgrad
