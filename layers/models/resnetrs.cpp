#include "layers/models/resnetrs.h"

#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/models/residual.h"
#include "layers/models/squeeze_excite.h"
#include "layers/pool.h"

namespace melgrad {
namespace {

// Bottleneck of residual.h with squeeze-and-excitation, and a shortcut that pools.
class SqueezeExciteBottleneck final : public Module {
 public:
  static constexpr i64 expansion = 4;
  SqueezeExciteBottleneck(i64 in, i64 width, i64 stride)
      : conv1_(in, width, 1, Conv2dOptions{}, residual_weights),
        bn1_(width),
        conv2_(width, width, 3, Conv2dOptions{.stride = stride, .padding = 1}, residual_weights),
        bn2_(width),
        conv3_(width, width * expansion, 1, Conv2dOptions{}, residual_weights),
        bn3_(width * expansion),
        se_(width * expansion, width) {
    add_shortcut(in, width * expansion, stride);
    add_module("conv1", conv1_);
    add_module("bn1", bn1_);
    add_module("conv2", conv2_);
    add_module("bn2", bn2_);
    add_module("conv3", conv3_);
    add_module("bn3", bn3_);
    add_module("se", se_);
    add_module("relu", relu_);
    if (downsample_.size() > 0) add_module("downsample", downsample_);
  }
  std::string type() const override { return "SqueezeExciteBottleneck"; }
  Variable forward(const Variable& x) override {
    Variable shortcut = downsample_.size() > 0 ? downsample_(x) : x;
    return relu_(residual_(x) + shortcut);
  }

 protected:
  void reset_parameters(Generator&) override { bn3_.weight.mutable_data().fill_(0); }

 private:
  // timm counts a layer 0 also where it has nothing to pool.
  void add_shortcut(i64 in, i64 out, i64 stride) {
    if (in == out && stride == 1) return;
    if (stride > 1)
      downsample_.add_as<AvgPool2d>(
          "0", 2, Pool2dOptions{.stride = stride, .ceil_mode = true, .count_padding = false});
    downsample_.add_as<Conv2d>("1", in, out, 1, Conv2dOptions{}, residual_weights);
    downsample_.add_as<BatchNorm2d>("2", out);
  }

  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  Conv2d conv3_;
  BatchNorm2d bn3_;
  SqueezeExcite se_;
  ReLU relu_;
  Sequential downsample_;
  Chain residual_{&conv1_, &bn1_, &relu_, &conv2_, &bn2_, &relu_, &conv3_, &bn3_, &se_};
};

}  // namespace

void add_resnetrs50_body(Sequential& net, i64 channels) {
  auto add_conv = [](Sequential& to, i64 in, i64 out, i64 stride) {
    to.add<Conv2d>(in, out, 3, Conv2dOptions{.stride = stride, .padding = 1}, residual_weights);
  };
  auto stem = std::make_unique<Sequential>(), pooling = std::make_unique<Sequential>();
  add_conv(*stem, channels, 32, 2);
  stem->add<BatchNorm2d>(32).add<ReLU>();
  add_conv(*stem, 32, 32, 1);
  stem->add<BatchNorm2d>(32).add<ReLU>();
  add_conv(*stem, 32, 64, 1);
  add_conv(*pooling, 64, 64, 2);
  pooling->add<BatchNorm2d>(64).add<ReLU>();

  net.append("conv1", std::move(stem)).add_as<BatchNorm2d>("bn1", 64).add_as<ReLU>("act1");
  net.append("maxpool", std::move(pooling));  // its name where it was one
  add_residual_layers<SqueezeExciteBottleneck>(net, {3, 4, 6, 3});
}

std::unique_ptr<Module> resnetrs50(const Shape& input, i64 classes) {
  auto net = std::make_unique<Sequential>("ResNetRS50");
  add_resnetrs50_body(*net, input[0]);
  net->add_as<AdaptiveAvgPool2d>("global_pool", 1).add_as<Flatten>("flatten");
  net->add_as<Linear>("fc", 2048, classes);
  return net;
}

}  // namespace melgrad
