#include "layers/models/alexnet.h"

#include "layers/activation.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/sequential.h"

namespace melgrad {
namespace {

class AlexNet final : public Module {
 public:
  AlexNet(i64 channels, i64 classes) {
    features_.add<Conv2d>(channels, 64, 11, Conv2dOptions{.stride = 4, .padding = 2}).add<ReLU>();
    features_.add<MaxPool2d>(3, Pool2dOptions{.stride = 2});
    features_.add<Conv2d>(64, 192, 5, Conv2dOptions{.padding = 2}).add<ReLU>();
    features_.add<MaxPool2d>(3, Pool2dOptions{.stride = 2});
    features_.add<Conv2d>(192, 384, 3, Conv2dOptions{.padding = 1}).add<ReLU>();
    features_.add<Conv2d>(384, 256, 3, Conv2dOptions{.padding = 1}).add<ReLU>();
    features_.add<Conv2d>(256, 256, 3, Conv2dOptions{.padding = 1}).add<ReLU>();
    features_.add<MaxPool2d>(3, Pool2dOptions{.stride = 2});

    classifier_.add<Dropout>(.5).add<Linear>(256 * 6 * 6, 4096).add<ReLU>();
    classifier_.add<Dropout>(.5).add<Linear>(4096, 4096).add<ReLU>();
    classifier_.add<Linear>(4096, classes);

    add_module("features", features_);
    add_module("avgpool", avgpool_);
    add_module("classifier", classifier_);
  }
  std::string type() const override { return "AlexNet"; }
  Variable forward(const Variable& x) override {
    return classifier_(flatten(avgpool_(features_(x)), 1));
  }

 private:
  Sequential features_;
  AdaptiveAvgPool2d avgpool_{6};
  Sequential classifier_;
};

}  // namespace

std::unique_ptr<Module> alexnet(const Shape& input, i64 classes) {
  return std::make_unique<AlexNet>(input[0], classes);
}

}  // namespace melgrad
