#pragma once
#include "kernels/cuda/runtime/runtime.h"
#include "kernels/shapes.h"

/// Convolution written out, for reading. Nets use cuDNN (conv.cpp), which is several times faster; the
/// tests hold these two kernels, cuDNN and the CPU against each other.
namespace melgrad::cuda {

enum class ConvKernel {
  direct,         // the formula: one thread sums up one value of y
  implicit_gemm,  // a matrix product in tiles, whose left matrix is never written down
};

/// kernels/backend.h, conv2d, in f32. Arrays in device memory; bias may be null.
void conv2d_with(ConvKernel kernel, const ConvShape& shape, const float* x, const float* w,
                 const float* bias, float* y, Stream stream);

}  // namespace melgrad::cuda
