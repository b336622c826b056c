#include "layers/sequential.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"

namespace melgrad {

Sequential& Sequential::append(std::unique_ptr<Module> layer) {
  check(layer != nullptr, "sequential", "layer {} is null", layers_.size());
  add_module(std::to_string(layers_.size()), *layer);
  layers_.push_back(std::move(layer));
  return *this;
}

// The batch norm at place i, if a ReLU follows it.
BatchNorm* Sequential::norm_before_relu(std::size_t i) const {
  if (i + 1 >= layers_.size() || !dynamic_cast<ReLU*>(layers_[i + 1].get())) return nullptr;
  return dynamic_cast<BatchNorm*>(layers_[i].get());
}

// Batch norm and the ReLU after it are one pass over memory, unless somebody watches the layers: the
// ReLU on its own costs a pass forward and one backward, and keeps one more activation.
Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    BatchNorm* norm = ForwardHook::any() ? nullptr : norm_before_relu(i);
    y = norm ? norm->forward_relu(y) : (*layers_[i])(y);
    if (norm) ++i;
  }
  return y;
}

}  // namespace melgrad
