#pragma once
#include "optim/optimizer.h"

namespace melgrad {

/// PyTorch's defaults; Keras's are lr .001, alpha .9, eps 1e-7.
struct RMSpropSettings {
  double lr = .01;
  double alpha = .99;
  double eps = 1e-8;
  double momentum = 0;
  double weight_decay = 0;
};

/// g += weight_decay w;  s = α s + (1 − α) g²;  u = g / (√s + eps)
/// w −= lr u, or with momentum  v = momentum v + u,  w −= lr v
class RMSprop final : public Optimizer {
 public:
  explicit RMSprop(const ParameterGroups& groups, const RMSpropSettings& settings = {});

 protected:
  void update(Backend&, Dtype, std::span<const ParameterSlot>, OptimizerSettings*) override;
};

}  // namespace melgrad
