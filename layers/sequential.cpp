#include "layers/sequential.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/pool.h"

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

// Batch norm, the ReLU and the max-pooling after it are one pass over memory, unless somebody watches
// the layers: on their own each costs a pass forward and one or two backward, and keeps one more
// activation.
Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    BatchNorm* norm = ForwardHook::any() ? nullptr : norm_before_relu(i);
    if (!norm) {
      y = (*layers_[i])(y);
      continue;
    }
    auto* pool = i + 2 < layers_.size() ? dynamic_cast<MaxPool2d*>(layers_[i + 2].get()) : nullptr;
    bool fused = pool && pool->tiles(y);
    y = fused ? norm->forward_relu_max_pool(y, pool->kernel()) : norm->forward_relu(y);
    i += fused ? 2 : 1;
  }
  return y;
}

}  // namespace melgrad
