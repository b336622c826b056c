#pragma once
#include <optional>

#include "kernels/backend.h"
#include "kernels/cpu/fast/winograd_transforms.h"

/// Winograd's convolution for 3 × 3 kernels with stride 1, f32, on NHWC: docs/winograd.md explains it,
/// winograd_matrices.h has the formulas. The results do not depend on the number of threads.
namespace melgrad::winograd {

/// How a convolution is computed.
struct Plan {
  Method method = Method::f4;
  Isa isa = best_isa();
};

enum class ConvPass : u8 { forward, backward_data, backward_weights };

/// Whether it can be computed so at all: 3 × 3, stride 1, neither groups nor dilation.
bool takes(const ConvShape& s);
/// With which method it is faster than oneDNN's direct convolution, if with any.
std::optional<Plan> faster_plan(ConvPass pass, const ConvShape& s);

// As Backend's methods of these names.
void conv2d(Backend&, const Plan&, const ConvShape&, bool relu, const float* x, const float* w,
            const float* bias, float* y);
void conv2d_backward_data(Backend&, const Plan&, const ConvShape&, const float* dy, const float* w,
                          float* dx);
void conv2d_backward_weights(Backend&, const Plan&, const ConvShape&, const float* x,
                             const float* dy, float* dw);

}  // namespace melgrad::winograd
