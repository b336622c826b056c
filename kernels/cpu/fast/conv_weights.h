#pragma once
#include "kernels/backend.h"

namespace melgrad {

/// Whether the f32 gradient of the weights is better computed by the function below than by oneDNN 2.6, which is slow where
/// strides are not 1 (bench_conv; figures in docs/speed.md). Of 1 × 1 kernels it is as fast.
bool has_slow_weights(const ConvShape& s);

/// As Backend::conv2d_backward_weights without dbias. The result does not depend on the number of threads.
void slow_backward_weights(Backend& backend, const ConvShape& s, const float* x, const float* dy,
                           float* dw);

}  // namespace melgrad
