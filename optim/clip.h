#pragma once
#include "optim/optimizer.h"

namespace melgrad {

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm = √(Σ g²) over all of them;
/// returns norm, a 0-d tensor. The device is not waited for.
Tensor clip_grad_norm(const NamedParameters& parameters, double max_norm);
/// Clamps each element of each gradient to [−limit, limit].
void clip_grad_value(const NamedParameters& parameters, double limit);

}  // namespace melgrad
