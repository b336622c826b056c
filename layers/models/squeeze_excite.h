#pragma once
#include "layers/activation.h"
#include "layers/conv2d.h"
#include "layers/fusion.h"
#include "layers/pool.h"

namespace melgrad {

/// Squeeze-and-excitation: each channel times how much it matters in this picture, from the means of
/// all channels: Hu et al. 2018, arXiv 1709.01507, fig. 3.
///   y = x · sigmoid(W₂ ReLU(W₁ z + b₁) + b₂), z = mean of x over height and width
/// x, y (N, channels, H, W)  W₁ (squeezed, channels, 1, 1)  W₂ (channels, squeezed, 1, 1): 1 × 1
/// convolutions, timm's layout, names and initial values.
class SqueezeExcite final : public Module {
 public:
  SqueezeExcite(i64 channels, i64 squeezed);
  std::string type() const override { return "SqueezeExcite"; }
  Variable forward(const Variable& x) override { return x * excitation_(x); }

 private:
  AdaptiveAvgPool2d squeeze_{1};
  Conv2d fc1_;
  ReLU relu_;
  Conv2d fc2_;
  Sigmoid gate_;
  Chain excitation_{&squeeze_, &fc1_, &relu_, &fc2_, &gate_};
};

}  // namespace melgrad
