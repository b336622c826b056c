#pragma once
#include "kernels/backend.h"

/// oneDNN behind the shapes of backend.h, for f32 and bf16. Sizes of 0 are the caller's business.
/// Scratch memory and reordered weights come from `backend`. Throws Error with oneDNN's message.
namespace melgrad::onednn {

/// Whether this processor multiplies bf16 by instructions of its own, at up to twice the speed of f32.
bool multiplies_bf16();

/// As Backend::matmul; y is of dtype `result` (f32 or, for bf16, either).
void matmul(Backend& backend, const MatmulShape& s, Dtype dtype, Dtype result, const void* a,
            const void* w, const void* bias, void* y);

/// As the methods of Backend.
void conv2d(Backend& backend, const ConvShape& s, Dtype dtype, const void* x, const void* w,
            const void* bias, void* y);
void conv2d_backward_data(Backend& backend, const ConvShape& s, Dtype dtype, const void* dy,
                          const void* w, void* dx);
void conv2d_backward_weights(Backend& backend, const ConvShape& s, Dtype dtype, const void* x,
                             const void* dy, void* dw, void* dbias);

}  // namespace melgrad::onednn
