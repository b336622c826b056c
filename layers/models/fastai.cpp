#include "layers/models/fastai.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/models/alexnet.h"
#include "layers/models/resnet.h"
#include "layers/models/resnetrs.h"
#include "layers/models/vgg.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

// (N, F, H, W) -> (N, 2F): fastai's AdaptiveConcatPool2d(1), flat.
class MaxAndAvgPool2d final : public Module {
 public:
  MaxAndAvgPool2d() {
    add_module("max", max_);
    add_module("avg", avg_);
  }
  std::string type() const override { return "MaxAndAvgPool2d"; }
  Variable forward(const Variable& x) override { return cat({max_(x), avg_(x)}, 1); }

 private:
  GlobalMaxPool2d max_;
  GlobalAvgPool2d avg_;
};

void kaiming_fan_in(Tensor& weight, Tensor&, Generator& generator) {
  init::kaiming_normal(weight, generator);
}

void add_head(Sequential& net, i64 features, i64 classes) {
  const WeightSettings settings{.bias = false, .init = kaiming_fan_in};
  auto head = std::make_unique<Sequential>();
  head->add<MaxAndAvgPool2d>().add<Flatten>();
  head->add<BatchNorm1d>(2 * features).add<Dropout>(.25);
  head->add<Linear>(2 * features, 512, settings).add<ReLU>();
  head->add<BatchNorm1d>(512).add<Dropout>(.5);
  head->add<Linear>(512, classes, settings);
  net.append("head", std::move(head));
}

}  // namespace

std::unique_ptr<Module> alexnet_fastai(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("AlexNetFastai");
  add_alexnet_features(*net, input[0]);
  add_head(*net, 256, classes);
  return net;
}

std::unique_ptr<Module> vgg16_bn_fastai(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("Vgg16BnFastai");
  add_vgg16_bn_features(*net, input[0]);
  add_head(*net, 512, classes);
  return net;
}

std::unique_ptr<Module> resnet34_fastai(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("ResNet34Fastai");
  add_resnet34_body(*net, input[0]);
  add_head(*net, 512, classes);
  return net;
}

std::unique_ptr<Module> resnet50_fastai(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("ResNet50Fastai");
  add_resnet50_body(*net, input[0]);
  add_head(*net, 2048, classes);
  return net;
}

std::unique_ptr<Module> resnetrs50_fastai(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("ResNetRS50Fastai");
  add_resnetrs50_body(*net, input[0]);
  add_head(*net, 2048, classes);
  return net;
}

}  // namespace melgrad
