#pragma once
#include "kernels/backend.h"

namespace melgrad {

/// Whether the gradient of the weights is better computed by the function below: a first
/// layer's few input channels leave most of oneDNN's vectors empty. 64 pictures of 64 × 64, 3 → 32
/// channels, 3 × 3, one thread: oneDNN 10 ms, here 3.8. In bf16, where the processor multiplies that,
/// oneDNN is faster with kernels beyond 5 × 5.
bool has_few_channels(const ConvShape& s, Dtype dtype);

/// As Backend::conv2d_backward_weights; T is float or bf16.
template <class T>
void few_channels_backward_weights(Backend& backend, const ConvShape& s, const T* x, const T* dy,
                                   T* dw, T* dbias);

}  // namespace melgrad
