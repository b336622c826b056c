#pragma once
#include "layers/module.h"

namespace melgrad {

/// Pooling of (N, C, H, W); the options are tensor/ops.h's.
class MaxPool2d final : public Module {
 public:
  explicit MaxPool2d(Pair kernel, Pool2dOptions options = {})
      : kernel_(kernel), options_(options) {}
  std::string type() const override { return "MaxPool2d"; }
  std::string details() const override;
  Variable forward(const Variable& x) override { return max_pool2d(x, kernel_, options_); }
  /// Whether windows of x lie side by side without padding, none cut off at the end.
  bool tiles(const Variable& x) const;
  Pair kernel() const { return kernel_; }

 private:
  Pair kernel_;
  Pool2dOptions options_;
};

class AvgPool2d final : public Module {
 public:
  explicit AvgPool2d(Pair kernel, Pool2dOptions options = {})
      : kernel_(kernel), options_(options) {}
  std::string type() const override { return "AvgPool2d"; }
  std::string details() const override;
  Variable forward(const Variable& x) override { return avg_pool2d(x, kernel_, options_); }

 private:
  Pair kernel_;
  Pool2dOptions options_;
};

/// (N, C, H, W) -> (N, C, size.h, size.w), whatever H and W are.
class AdaptiveAvgPool2d final : public Module {
 public:
  explicit AdaptiveAvgPool2d(Pair size) : size_(size) {}
  std::string type() const override { return "AdaptiveAvgPool2d"; }
  std::string details() const override { return format("to {} × {}", size_.h, size_.w); }
  Variable forward(const Variable& x) override { return adaptive_avg_pool2d(x, size_); }

 private:
  Pair size_;
};

/// (N, C, H, W) -> (N, C): the mean over each picture.
class GlobalAvgPool2d final : public Module {
 public:
  std::string type() const override { return "GlobalAvgPool2d"; }
  Variable forward(const Variable& x) override;
};

/// (N, C, H, W) -> (N, C): the maximum over each picture.
class GlobalMaxPool2d final : public Module {
 public:
  std::string type() const override { return "GlobalMaxPool2d"; }
  Variable forward(const Variable& x) override;
};

}  // namespace melgrad
