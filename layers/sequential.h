#pragma once
#include <memory>
#include <utility>

#include "layers/fusion.h"
#include "layers/module.h"

namespace melgrad {

/// Modules one after the other, named "0", "1" … as PyTorch's:
///   net.add<Conv2d>(3, 64, 3, Conv2dOptions{.padding = 1}).add<ReLU>().add<MaxPool2d>(2);
class Sequential : public Module {
 public:
  template <class Layer, class... Args>
  Sequential& add(Args&&... args) {
    return append(std::make_unique<Layer>(std::forward<Args>(args)...));
  }
  Sequential& append(std::unique_ptr<Module> layer);

  std::string type() const override { return "Sequential"; }
  Variable forward(const Variable& x) override { return chain_(x); }
  std::size_t size() const { return layers_.size(); }
  Module& operator[](std::size_t i);
  const Chain& chain() const { return chain_; }

 private:
  std::vector<std::unique_ptr<Module>> layers_;
  Chain chain_;
};

}  // namespace melgrad
