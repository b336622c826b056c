#include "layers/models/vgg.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/sequential.h"

namespace melgrad {
namespace {

// Filters of each convolution; 0 is a pooling.
using Widths = std::vector<i64>;
const Widths configuration_a{64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0};
const Widths configuration_d{64, 64,  0,   128, 128, 0,   256, 256, 256,
                             0,  512, 512, 512, 0,   512, 512, 512, 0};

class Vgg final : public Module {
 public:
  Vgg(const Widths& widths, bool batch_norm, i64 channels, i64 classes) {
    for (i64 filters : widths) {
      if (filters == 0) {
        features_.add<MaxPool2d>(2);
        continue;
      }
      features_.add<Conv2d>(channels, filters, 3, Conv2dOptions{.padding = 1},
                            WeightSettings{.init = init::kaiming_fan_out});
      if (batch_norm) features_.add<BatchNorm2d>(filters);
      features_.add<ReLU>();
      channels = filters;
    }
    WeightSettings narrow{.init = init::normal_001};
    classifier_.add<Linear>(512 * 7 * 7, 4096, narrow).add<ReLU>().add<Dropout>(.5);
    classifier_.add<Linear>(4096, 4096, narrow).add<ReLU>().add<Dropout>(.5);
    classifier_.add<Linear>(4096, classes, narrow);

    add_module("features", features_);
    add_module("avgpool", avgpool_);
    add_module("classifier", classifier_);
  }
  std::string type() const override { return "Vgg"; }
  Variable forward(const Variable& x) override {
    return classifier_(flatten(avgpool_(features_(x)), 1));
  }

 private:
  Sequential features_;
  AdaptiveAvgPool2d avgpool_{7};
  Sequential classifier_;
};

}  // namespace

std::unique_ptr<Module> vgg11_bn(const Shape& input, i64 classes) {
  return std::make_unique<Vgg>(configuration_a, true, input[0], classes);
}

std::unique_ptr<Module> vgg16(const Shape& input, i64 classes) {
  return std::make_unique<Vgg>(configuration_d, false, input[0], classes);
}

std::unique_ptr<Module> vgg16_bn(const Shape& input, i64 classes) {
  return std::make_unique<Vgg>(configuration_d, true, input[0], classes);
}

}  // namespace melgrad
