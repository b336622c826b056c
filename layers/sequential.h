#pragma once
#include <memory>
#include <string>
#include <utility>

#include "layers/fusion.h"
#include "layers/module.h"

namespace melgrad {

/// Modules one after the other, named "0", "1" … as PyTorch's:
///   net.add<Conv2d>(3, 64, 3, Conv2dOptions{.padding = 1}).add<ReLU>().add<MaxPool2d>(2);
/// or with a name each, as a published net has them, whose type it then is:
///   net.add_as<Conv2d>("conv1", 3, 64, 7).add_as<BatchNorm2d>("bn1", 64);
class Sequential : public Module {
 public:
  explicit Sequential(std::string type = "Sequential") : type_(std::move(type)) {}
  template <class Layer, class... Args>
  Sequential& add(Args&&... args) {
    return append(std::make_unique<Layer>(std::forward<Args>(args)...));
  }
  template <class Layer, class... Args>
  Sequential& add_as(const std::string& name, Args&&... args) {
    return append(name, std::make_unique<Layer>(std::forward<Args>(args)...));
  }
  Sequential& append(std::unique_ptr<Module> layer);
  Sequential& append(const std::string& name, std::unique_ptr<Module> layer);

  std::string type() const override { return type_; }
  Variable forward(const Variable& x) override { return chain_(x); }
  std::size_t size() const { return layers_.size(); }
  Module& operator[](std::size_t i);
  const Chain& chain() const { return chain_; }

 private:
  std::string type_;
  std::vector<std::unique_ptr<Module>> layers_;
  Chain chain_;
};

}  // namespace melgrad
