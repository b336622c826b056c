#pragma once
#include <string_view>

#include "tensor/tensor.h"

namespace melgrad {

/// Whether every value of x, f32 or f64, is a finite number.
bool is_finite(const Tensor& x);
/// Throws Error "[where] …" unless every sample is a finite number.
void check_finite(const Tensor& x, std::string_view where);

}  // namespace melgrad
