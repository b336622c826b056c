#include "layers/sequential.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/pool.h"

namespace melgrad {

Sequential& Sequential::append(std::unique_ptr<Module> layer) {
  check(layer != nullptr, "sequential", "layer {} is null", layers_.size());
  add_module(std::to_string(layers_.size()), *layer);
  layers_.push_back(std::move(layer));
  return *this;
}

// A convolution and the ReLU after it, and batch norm, ReLU and max-pooling, are one pass over memory
// unless somebody watches the layers: on their own each costs a pass forward and one or two backward,
// and keeps one more activation.
Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    bool may_fuse = layer_at<ReLU>(i + 1) && !ForwardHook::any();
    auto* conv = may_fuse ? layer_at<Conv2d>(i) : nullptr;
    auto* norm = may_fuse ? layer_at<BatchNorm>(i) : nullptr;
    auto* pool = norm ? layer_at<MaxPool2d>(i + 2) : nullptr;
    if (conv) {
      y = conv->forward_relu(y);
      i += 1;
    } else if (pool && pool->tiles(y)) {
      y = norm->forward_relu_max_pool(y, pool->kernel());
      i += 2;
    } else if (norm) {
      y = norm->forward_relu(y);
      i += 1;
    } else {
      y = (*layers_[i])(y);
    }
  }
  return y;
}

}  // namespace melgrad
