#pragma once
#include "optim/optimizer.h"

namespace melgrad {

struct SGDSettings {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

/// g += weight_decay w;  v = momentum v + (1 − dampening) g, but v = g in the first step
/// w −= lr v, or with Nesterov lr (g + momentum v)
class SGD final : public Optimizer {
 public:
  explicit SGD(const ParameterGroups& groups, const SGDSettings& settings = {});

 protected:
  void update(Backend&, Dtype, std::span<const ParameterSlot>, OptimizerSettings*) override;

 private:
  SgdKind kind_;
};

}  // namespace melgrad
