#include "optim/clip.h"

#include <cmath>

#include "tensor/ops.h"

namespace melgrad {

double clip_grad_norm(const NamedParameters& parameters, double max_norm) {
  check(max_norm >= 0, "clip_grad_norm", "the norm is not negative: {}", max_norm);
  double squares = 0;
  for (const auto& [name, parameter] : parameters)
    if (parameter.grad().defined()) squares += sum(square(parameter.grad())).item();
  double norm = std::sqrt(squares), scale = max_norm / (norm + 1e-6);
  if (scale >= 1) return norm;
  for (auto [name, parameter] : parameters)
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(scale);
  return norm;
}

void clip_grad_value(const NamedParameters& parameters, double limit) {
  check(limit >= 0, "clip_grad_value", "the limit is not negative: {}", limit);
  for (auto [name, parameter] : parameters)
    if (parameter.grad().defined())
      parameter.mutable_grad() = clamp(parameter.grad(), -limit, limit);
}

}  // namespace melgrad
