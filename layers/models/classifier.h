#pragma once
#include <string>
#include <utility>

#include "layers/sequential.h"

namespace melgrad {

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
