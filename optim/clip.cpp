#include "optim/clip.h"

#include "tensor/ops.h"

namespace melgrad {

Tensor clip_grad_norm(const NamedParameters& parameters, double max_norm) {
  check(max_norm >= 0, "clip_grad_norm", "the norm is not negative: {}", max_norm);
  std::vector<Tensor> squares;
  for (const auto& [name, parameter] : parameters)
    if (parameter.grad().defined()) squares.push_back(sum(square(parameter.grad())));
  if (squares.empty()) return scalar(0);
  Tensor norm = sqrt(sum(stack(squares))), scale = clamp(max_norm / (norm + 1e-6), 0, 1);
  for (auto [name, parameter] : parameters)
    if (parameter.grad().defined()) parameter.mutable_grad() = parameter.grad() * scale;
  return norm;
}

void clip_grad_value(const NamedParameters& parameters, double limit) {
  check(limit >= 0, "clip_grad_value", "the limit is not negative: {}", limit);
  for (auto [name, parameter] : parameters)
    if (parameter.grad().defined())
      parameter.mutable_grad() = clamp(parameter.grad(), -limit, limit);
}

}  // namespace melgrad
