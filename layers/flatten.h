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

/// (N, C, H, W) -> (N, H·W·C), Keras's order, whose pictures are (N, H, W, C).
class FlattenChannelsLast final : public Module {
 public:
  std::string type() const override { return "FlattenChannelsLast"; }
  Variable forward(const Variable& x) override {
    return flatten(x.rank() == 4 ? permute(x, {0, 2, 3, 1}) : x, 1);
  }
};

}  // namespace melgrad
