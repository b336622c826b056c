#pragma once
#include "layers/init.h"
#include "layers/module.h"

namespace melgrad {

struct LinearSettings {
  bool bias = true;
  init::Rule init = init::pytorch;
};

/// y = x Wᵀ + b.  x (..., in)  weight (out, in)  bias (out)  y (..., out)
class Linear final : public Module {
 public:
  Linear(i64 in, i64 out, LinearSettings settings = {});

  std::string type() const override { return "Linear"; }
  std::string details() const override;
  Variable forward(const Variable& x) override;
  i64 multiply_adds(const Shape& input, const Shape& output) const override;

  Variable weight, bias;

 protected:
  void reset_parameters(Generator& generator) override;

 private:
  LinearSettings settings_;
};

}  // namespace melgrad
