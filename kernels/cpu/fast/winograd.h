#pragma once
#include <optional>
#include <type_traits>

#include "kernels/backend.h"
#include "kernels/cpu/fast/winograd_transforms.h"

/// Winograd's convolution for 3 × 3 and 5 × 5 kernels with stride 1 on NHWC, of f32 or bf16, in f32: docs/winograd.md
/// explains it, winograd_matrices.h has the formulas. The results do not depend on the number of threads.
namespace melgrad::winograd {

/// How a convolution is computed.
struct Plan {
  Method method = Method::f4;
  Isa isa = best_isa();
};

enum class ConvPass : u8 { forward, backward_data, backward_weights };

/// Whether it can be computed so at all: 3 × 3 or 5 × 5, stride 1, neither groups nor dilation.
bool takes(const ConvShape& s);
/// With which method it is faster than oneDNN's direct convolution, if with any.
std::optional<Plan> faster_plan(ConvPass pass, const ConvShape& s, Dtype dtype = Dtype::f32);

// As Backend's methods of these names; T is float or bf16.
template <class T>
void conv2d(Backend&, const Plan&, const ConvShape&, bool relu, const T* x, const T* w,
            const std::type_identity_t<T>* bias, T* y);
template <class T>
void conv2d_backward_data(Backend&, const Plan&, const ConvShape&, const T* dy, const T* w, T* dx);
template <class T>
void conv2d_backward_weights(Backend&, const Plan&, const ConvShape&, const T* x, const T* dy,
                             T* dw);

}  // namespace melgrad::winograd
