#pragma once
#include "layers/init.h"
#include "layers/module.h"

namespace melgrad {

struct Conv2dSettings {
  Pair stride = 1;
  Pair padding = 0;
  Pair dilation = 1;
  i64 groups = 1;
  Padding mode = Padding::explicit_;  // same: TensorFlow's, `padding` is not read
  bool bias = true;
  init::Rule init = init::pytorch;
};

/// x (N, in, H, W)  weight (out, in/groups, kh, kw), channels-last in memory  bias (out)
/// y (N, out, P, Q)
class Conv2d final : public Module {
 public:
  Conv2d(i64 in, i64 out, Pair kernel, const Conv2dSettings& settings = {});

  std::string type() const override { return "Conv2d"; }
  std::string details() const override;
  Variable forward(const Variable& x) override { return conv2d(x, weight, bias, options_); }
  /// Then max(y, 0), in the same call. ForwardHooks do not see it.
  Variable forward_relu(const Variable& x);
  i64 multiply_adds(const Shape& input, const Shape& output) const override;

  Variable weight, bias;

 protected:
  void reset_parameters(Generator& generator) override;

 private:
  Conv2dSettings settings_;
  Conv2dOptions options_;
};

}  // namespace melgrad
