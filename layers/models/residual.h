#pragma once
#include <array>
#include <string>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/fusion.h"
#include "layers/sequential.h"

/// The blocks of residual nets: He et al. 2015, arXiv 1512.03385, fig. 5, in torchvision's names.
namespace melgrad {

inline constexpr WeightSettings residual_weights{.bias = false, .init = init::kaiming_fan_out};

/// y = ReLU(F(x) + x), F = 3 × 3 conv -> BN -> ReLU -> 3 × 3 conv -> BN.
/// x (N, in, H, W)  y (N, width, H/stride, W/stride), rounded up. If y has another shape than x, then
/// x goes through a 1 × 1 convolution of that stride and BN, `downsample`.
class BasicBlock final : public Module {
 public:
  static constexpr i64 expansion = 1;
  BasicBlock(i64 in, i64 width, i64 stride);
  std::string type() const override { return "BasicBlock"; }
  Variable forward(const Variable& x) override;

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  ReLU relu_;
  Sequential downsample_;
  Chain residual_{&conv1_, &bn1_, &relu_, &conv2_};  // and bn2_, before the sum
};

/// The same with F = 1 × 1 conv to `width` channels -> BN -> ReLU -> 3 × 3 conv, which has the
/// stride -> BN -> ReLU -> 1 × 1 conv to 4 · width -> BN.  y (N, 4 · width, H/stride, W/stride)
/// The paper's first convolution has the stride; torchvision's "v1.5" moved it.
class Bottleneck final : public Module {
 public:
  static constexpr i64 expansion = 4;
  Bottleneck(i64 in, i64 width, i64 stride);
  std::string type() const override { return "Bottleneck"; }
  Variable forward(const Variable& x) override;

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  Conv2d conv3_;
  BatchNorm2d bn3_;
  ReLU relu_;
  Sequential downsample_;
  Chain residual_{&conv1_, &bn1_, &relu_, &conv2_, &bn2_, &relu_, &conv3_};  // and bn3_
};

/// layer1 … layer4 of such blocks: widths 64, 128, 256, 512, of which each but the first halves
/// height and width in its first block.  (N, 64, H, W) -> (N, 512 · expansion, H/8, W/8), rounded up
template <class Block>
void add_residual_layers(Sequential& net, const std::array<i64, 4>& blocks) {
  i64 channels = 64, width = 64;
  for (std::size_t i = 0; i < blocks.size(); ++i, width *= 2) {
    auto layer = std::make_unique<Sequential>();
    for (i64 block = 0; block < blocks[i]; ++block) {
      layer->add<Block>(channels, width, i > 0 && block == 0 ? 2 : 1);
      channels = width * Block::expansion;
    }
    net.append("layer" + std::to_string(i + 1), std::move(layer));
  }
}

}  // namespace melgrad
