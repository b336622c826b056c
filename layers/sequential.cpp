#include "layers/sequential.h"

namespace melgrad {

Sequential& Sequential::append(std::unique_ptr<Module> layer) {
  return append(std::to_string(layers_.size()), std::move(layer));
}

Sequential& Sequential::append(const std::string& name, std::unique_ptr<Module> layer) {
  check(layer != nullptr, "sequential", "layer {} is null", name);
  add_module(name, *layer);
  chain_.add(*layer);
  layers_.push_back(std::move(layer));
  return *this;
}

Module& Sequential::operator[](std::size_t i) {
  check(i < layers_.size(), "sequential", "there is no layer {}, only {}", i, layers_.size());
  return *layers_[i];
}

}  // namespace melgrad
