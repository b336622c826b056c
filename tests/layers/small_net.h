#pragma once
#include <functional>
#include <string>
#include <utility>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/sequential.h"

namespace melgrad {

/// Two levels, parameters and buffers at both. x (N, 2, H, W)
class Small final : public Module {
 public:
  Small() {
    features.add<Conv2d>(2, 4, 3, Conv2dOptions{.padding = 1}).add<BatchNorm2d>(4).add<ReLU>();
    add_module("features", features);
    add_module("fc", fc);
  }
  std::string type() const override { return "Small"; }
  Variable forward(const Variable& x) override { return fc(mean(features(x), {2, 3})); }

  Sequential features;
  Linear fc{4, 3};
};

/// One level more, which fails after Small where it is told to.
class Failing final : public Module {
 public:
  explicit Failing(std::function<void()> fault) : fault_(std::move(fault)) {
    add_module("small", small_);
  }
  std::string type() const override { return "Failing"; }
  Variable forward(const Variable& x) override {
    Variable y = small_(x);
    fault_();
    return y;
  }

 private:
  std::function<void()> fault_;
  Small small_;
};

}  // namespace melgrad
