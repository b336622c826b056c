#include <cmath>

#include "kernels/reference/reference.h"

namespace melgrad::reference {
namespace {

// g = grad_scale · gradient, and g += weight_decay · w if `decay`
double gradient(const OptimizerSettings& s, const ParameterSlot& slot, i64 i, bool decay = true) {
  double g = s.grad_scale * f64(slot.g)[i];
  return decay ? g + s.weight_decay * f64(slot.w)[i] : g;
}

}  // namespace

// v = step = 0 ? g : momentum v + (1 − dampening) g
// w −= lr · (plain: g | momentum: v | nesterov: g + momentum v)
void sgd(SgdKind kind, std::span<const ParameterSlot> slots, OptimizerSettings s) {
  for (const ParameterSlot& slot : slots) {
    double *w = f64(slot.w), *velocity = f64(slot.state1);
    for (i64 i = 0; i < slot.n; ++i) {
      double g = gradient(s, slot, i), direction = g;
      if (kind != SgdKind::plain) {
        double v = s.step == 0 ? g : s.momentum * velocity[i] + (1 - s.dampening) * g;
        velocity[i] = v;
        direction = kind == SgdKind::nesterov ? g + s.momentum * v : v;
      }
      w[i] -= s.lr * direction;
    }
  }
}

// decoupled: w *= 1 − lr · weight_decay
// m = beta1 m + (1 − beta1) g,  v = beta2 v + (1 − beta2) g²
// w −= lr / (1 − beta1^t) · m / (√(v / (1 − beta2^t)) + eps)
void adam(AdamKind kind, std::span<const ParameterSlot> slots, OptimizerSettings s) {
  bool decoupled = kind == AdamKind::decoupled;
  double t = s.step + 1;
  double step_size = s.lr / (1 - std::pow(s.beta1, t)), correction = 1 - std::pow(s.beta2, t);
  for (const ParameterSlot& slot : slots) {
    double *w = f64(slot.w), *m = f64(slot.state1), *v = f64(slot.state2);
    for (i64 i = 0; i < slot.n; ++i) {
      double g = gradient(s, slot, i, !decoupled);
      if (decoupled) w[i] *= 1 - s.lr * s.weight_decay;
      m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
      v[i] = s.beta2 * v[i] + (1 - s.beta2) * g * g;
      w[i] -= step_size * m[i] / (std::sqrt(v[i] / correction) + s.eps);
    }
  }
}

// mean = beta2 mean + (1 − beta2) g²,  r = g / (√mean + eps)
// w −= lr · (state2 null: r | else v, after v = momentum v + r)
void rmsprop(std::span<const ParameterSlot> slots, OptimizerSettings s) {
  for (const ParameterSlot& slot : slots) {
    double *w = f64(slot.w), *mean = f64(slot.state1), *velocity = f64(slot.state2);
    for (i64 i = 0; i < slot.n; ++i) {
      double g = gradient(s, slot, i);
      mean[i] = s.beta2 * mean[i] + (1 - s.beta2) * g * g;
      double direction = g / (std::sqrt(mean[i]) + s.eps);
      if (velocity) direction = velocity[i] = s.momentum * velocity[i] + direction;
      w[i] -= s.lr * direction;
    }
  }
}

}  // namespace melgrad::reference
