#include "layers/models/resnet.h"

#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/models/residual.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

void add_stem(Sequential& net, i64 channels) {
  net.add_as<Conv2d>("conv1", channels, 64, 7, Conv2dOptions{.stride = 2, .padding = 3},
                     residual_weights);
  net.add_as<BatchNorm2d>("bn1", 64).add_as<ReLU>("relu");
  net.add_as<MaxPool2d>("maxpool", 3, Pool2dOptions{.stride = 2, .padding = 1});
}

void add_classifier(Sequential& net, i64 features, i64 classes) {
  net.add_as<AdaptiveAvgPool2d>("avgpool", 1).add_as<Flatten>("flatten");
  net.add_as<Linear>("fc", features, classes);
}

}  // namespace

void add_resnet34_body(Sequential& net, i64 channels) {
  add_stem(net, channels);
  add_residual_layers<BasicBlock>(net, {3, 4, 6, 3});
}

void add_resnet50_body(Sequential& net, i64 channels) {
  add_stem(net, channels);
  add_residual_layers<Bottleneck>(net, {3, 4, 6, 3});
}

std::unique_ptr<Module> resnet34(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("ResNet34");
  add_resnet34_body(*net, input[0]);
  add_classifier(*net, 512, classes);
  return net;
}

std::unique_ptr<Module> resnet50(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("ResNet50");
  add_resnet50_body(*net, input[0]);
  add_classifier(*net, 2048, classes);
  return net;
}

}  // namespace melgrad
