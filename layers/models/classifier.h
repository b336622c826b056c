#pragma once
#include <string>
#include <utility>

#include "layers/sequential.h"

namespace melgrad {

/// Height and width of a picture of which each window of `kernel` that lies whole in it, `stride`
/// apart, becomes one value: a convolution or pooling without padding.
inline Pair windows(Pair size, i64 kernel, i64 stride = 1) {
  return {(size.h - kernel) / stride + 1, (size.w - kernel) / stride + 1};
}
/// ⌈size / 2⌉: "same" padding and stride 2.
inline Pair halved(Pair size) { return {(size.h + 1) / 2, (size.w + 1) / 2}; }

/// A picture's features, then its class: the two halves of a net, in torchvision's names, so that
/// freeze("features.*") trains the classifier alone.
class Classifier final : public Module {
 public:
  explicit Classifier(std::string type) : type_(std::move(type)) {
    add_module("features", features);
    add_module("classifier", classifier);
  }
  std::string type() const override { return type_; }
  Variable forward(const Variable& x) override { return classifier(features(x)); }

  Sequential features, classifier;

 private:
  std::string type_;
};

}  // namespace melgrad
