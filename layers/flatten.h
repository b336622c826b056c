#pragma once
#include "layers/module.h"

namespace melgrad {

/// (N, C, H, W) -> (N, C·H·W), in this order whatever the order in memory.
class Flatten final : public Module {
 public:
  explicit Flatten(i64 from = 1, i64 to = -1) : from_(from), to_(to) {}
  std::string type() const override { return "Flatten"; }
  Variable forward(const Variable& x) override { return flatten(x, from_, to_); }

 private:
  i64 from_, to_;
};

}  // namespace melgrad
