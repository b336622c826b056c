#pragma once
#include "layers/module.h"

namespace melgrad {

/// max(x, 0)
class ReLU final : public Module {
 public:
  std::string type() const override { return "ReLU"; }
  Variable forward(const Variable& x) override { return relu(x); }
};

/// x > 0 ? x : slope x
class LeakyReLU final : public Module {
 public:
  explicit LeakyReLU(double slope = .01) : slope_(slope) {}
  std::string type() const override { return "LeakyReLU"; }
  std::string details() const override { return format("slope {}", slope_); }
  Variable forward(const Variable& x) override { return leaky_relu(x, slope_); }

 private:
  double slope_;
};

/// x Φ(x): the exact form, PyTorch's default.
class GELU final : public Module {
 public:
  std::string type() const override { return "GELU"; }
  Variable forward(const Variable& x) override { return gelu(x); }
};

class Tanh final : public Module {
 public:
  std::string type() const override { return "Tanh"; }
  Variable forward(const Variable& x) override { return tanh(x); }
};

/// 1 / (1 + exp(−x))
class Sigmoid final : public Module {
 public:
  std::string type() const override { return "Sigmoid"; }
  Variable forward(const Variable& x) override { return sigmoid(x); }
};

/// exp(x_i) / Σ exp(x) along `axis`. Not before cross_entropy, which takes logits.
class Softmax final : public Module {
 public:
  explicit Softmax(i64 axis = -1) : axis_(axis) {}
  std::string type() const override { return "Softmax"; }
  std::string details() const override { return format("axis {}", axis_); }
  Variable forward(const Variable& x) override { return softmax(x, axis_); }

 private:
  i64 axis_;
};

}  // namespace melgrad
