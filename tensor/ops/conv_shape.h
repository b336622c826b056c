#pragma once
#include <string_view>

#include "kernels/shapes.h"
#include "tensor/ops.h"

namespace melgrad {

/// The sizes with which a backend convolves x (N, C, H, W) with weight (O, C/groups, kh, kw). Throws Error, in the name of
/// `op`, where the two do not go together.
ConvShape conv_shape(std::string_view op, const Shape& x, const Shape& weight,
                     const Conv2dOptions& options);

}  // namespace melgrad
