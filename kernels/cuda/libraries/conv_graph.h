#pragma once
#include "kernels/cuda/libraries/cudnn_graph.h"
#include "kernels/shapes.h"

namespace melgrad::cuda {

/// What cuDNN is asked to do in one go.
enum class ConvGraph : i64 {
  forward,            // y = x * w
  forward_bias,       // y = x * w + bias
  forward_bias_relu,  // y = max(x * w + bias, 0)
  backward_data,      // dx of dy and w
  backward_weights,   // dw of x and dy
};

/// Ids of the tensors; a gradient has the id of what it is the gradient of.
enum class ConvTensor : i64 { x = 1, w, bias, y };

/// Arrays as in kernels/backend.h, conv2d, f32 or bf16, at multiples of 16 bytes; sums are f32. Nothing if cuDNN has no engine for it.
std::optional<Plan> plan_convolution(const PlanTarget& target, ConvGraph graph,
                                     const ConvShape& shape, Dtype dtype, const PlanLimits& limits);

}  // namespace melgrad::cuda
