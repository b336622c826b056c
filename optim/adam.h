#pragma once
#include "optim/optimizer.h"

namespace melgrad {

struct AdamSettings {
  double lr = 1e-3;
  double beta1 = .9, beta2 = .999;
  double eps = 1e-8;
  double weight_decay = 0;
};

/// g += weight_decay w;  m = β1 m + (1 − β1) g;  v = β2 v + (1 − β2) g²
/// w −= lr m/(1 − β1ᵗ) / (√(v/(1 − β2ᵗ)) + eps)    Kingma & Ba 2014, arXiv 1412.6980, alg. 1
class Adam final : public Optimizer {
 public:
  explicit Adam(const ParameterGroups& groups, const AdamSettings& settings = {});

 protected:
  void update(Backend&, Dtype, std::span<const ParameterSlot>, OptimizerSettings*) override;
};

/// A type of its own: its decay is on unless another is given.
struct AdamWSettings {
  double lr = 1e-3;
  double beta1 = .9, beta2 = .999;
  double eps = 1e-8;
  double weight_decay = .01;
};

/// As Adam, but the decay is on the weights: w −= lr weight_decay w, and not in g.  Loshchilov &
/// Hutter 2017, arXiv 1711.05101, alg. 2
class AdamW final : public Optimizer {
 public:
  explicit AdamW(const ParameterGroups& groups, const AdamWSettings& settings = {});

 protected:
  void update(Backend&, Dtype, std::span<const ParameterSlot>, OptimizerSettings*) override;
};

}  // namespace melgrad
