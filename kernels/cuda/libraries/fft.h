#pragma once
#include "kernels/cuda/runtime/runtime.h"
#include "kernels/dtype.h"

#include "kernels/cuda/cuda_backend.h"

/// The transforms that cuFFT does, behind functions so narrow that the simulator can play them.
namespace melgrad::cuda {

/// y[b,k] = Σ_j x[b,j] e^(−2πi jk/n);  x (count, n)  y (count, n/2 + 1, 2)
void fft_real_to_complex(CudaBackend& backend, i64 count, i64 n, const float* x, float* y);
/// x[b,j] = Σ_k y[b,k] e^(2πi jk/n) over all n bins of the Hermitian continuation; y is overwritten. Bins 0 and n/2 of y
/// must be real.
void fft_complex_to_real(CudaBackend& backend, i64 count, i64 n, float* y, float* x);

}  // namespace melgrad::cuda
