#pragma once
#include "layers/init.h"
#include "layers/module.h"

namespace melgrad {

/// The options are tensor/ops.h's.
///
/// x (N, in, H, W)  weight (out, in/groups, kh, kw), channels-last in memory  bias (out)
/// y (N, out, P, Q)
class Conv2d final : public Module {
 public:
  Conv2d(i64 in, i64 out, Pair kernel, const Conv2dOptions& options = {},
         WeightSettings settings = {});

  std::string type() const override { return "Conv2d"; }
  std::string details() const override;
  const Conv2dOptions& options() const { return options_; }
  Variable forward(const Variable& x) override { return conv2d(x, weight, bias, options_); }
  /// Then max(y, 0), in the same call: for fusion.h.
  Variable forward_relu(const Variable& x) { return conv2d(x, weight, bias, options_, true); }
  i64 multiply_adds(const Shape& input, const Shape& output) const override;

  Variable weight, bias;

 protected:
  void reset_parameters(Generator& generator) override;

 private:
  Conv2dOptions options_;
  WeightSettings settings_;
};

}  // namespace melgrad
