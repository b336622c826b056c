#include "kernels/cuda/cuda_backend.h"
#include "kernels/scratch_array.h"

// On a GPU these are the composition; a fused kernel waits for a measurement that shows it pays.
namespace melgrad {

void CudaBackend::batch_norm_relu_max_pool(const BatchNormShape& s, const PoolShape& pool,
                                           Dtype dtype, const BatchNormArrays& arrays,
                                           const void* x, void* y) {
  ScratchArray<char> z(*this, s.rows * s.channels * static_cast<i64>(size_of(dtype)));
  batch_norm(s, dtype, arrays, x, z.data());
  max_pool2d(pool, dtype, z.data(), y);
}

void CudaBackend::batch_norm_relu_max_pool_backward(const BatchNormShape& s, const PoolShape& pool,
                                                    Dtype dtype, bool batch_statistics,
                                                    const BatchNormArrays& arrays, const void* x,
                                                    const void* dy, const BatchNormGradients& d) {
  i64 element = static_cast<i64>(size_of(dtype)), bytes = s.rows * s.channels * element;
  ScratchArray<char> z(*this, bytes), dz(*this, bytes);
  ScratchArray<char> y(*this, pool.n * pool.p * pool.q * pool.c * element);
  batch_norm(s, dtype, arrays, x, z.data());
  max_pool2d(pool, dtype, z.data(), y.data());
  max_pool2d_backward(pool, dtype, z.data(), y.data(), dy, dz.data());
  batch_norm_backward(s, dtype, batch_statistics, arrays, x, dz.data(), d);
}

}  // namespace melgrad
