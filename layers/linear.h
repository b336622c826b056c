#pragma once
#include "layers/init.h"
#include "layers/module.h"

namespace melgrad {

/// y = x Wᵀ + b.  x (..., in)  weight (out, in)  bias (out)  y (..., out)
class Linear final : public Module {
 public:
  Linear(i64 in, i64 out, WeightSettings settings = {});

  std::string type() const override { return "Linear"; }
  std::string details() const override;
  Variable forward(const Variable& x) override;
  i64 multiply_adds(const Shape& input, const Shape& output) const override;

  Variable weight, bias;

 protected:
  void reset_parameters(Generator& generator) override;

 private:
  WeightSettings settings_;
};

}  // namespace melgrad
