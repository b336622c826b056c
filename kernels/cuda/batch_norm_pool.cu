#include "kernels/cuda/cuda_backend.h"
#include "kernels/scratch_array.h"

// On a GPU these are the composition; a fused kernel waits for a measurement that shows it pays.
namespace melgrad {

void CudaBackend::batch_norm_relu_max_pool(Dtype dtype, const PoolShape& s, double eps,
                                           const void* x, const void* mean, const void* var,
                                           const void* gamma, const void* beta, void* y) {
  i64 rows = s.n * s.h * s.w;
  ScratchArray<char> z(*this, rows * s.c * static_cast<i64>(size_of(dtype)));
  batch_norm(dtype, rows, s.c, eps, true, x, mean, var, gamma, beta, z.data());
  max_pool2d(s, dtype, z.data(), y);
}

void CudaBackend::batch_norm_relu_max_pool_backward(Dtype dtype, const PoolShape& s, double eps,
                                                    bool batch_statistics, const void* x,
                                                    const void* mean, const void* var,
                                                    const void* gamma, const void* beta,
                                                    const void* dy, void* dx, void* dgamma,
                                                    void* dbeta) {
  i64 rows = s.n * s.h * s.w, element = static_cast<i64>(size_of(dtype));
  ScratchArray<char> z(*this, rows * s.c * element), dz(*this, rows * s.c * element);
  ScratchArray<char> y(*this, s.n * s.p * s.q * s.c * element);
  batch_norm(dtype, rows, s.c, eps, true, x, mean, var, gamma, beta, z.data());
  max_pool2d(s, dtype, z.data(), y.data());
  max_pool2d_backward(s, dtype, z.data(), y.data(), dy, dz.data());
  batch_norm_backward(dtype, rows, s.c, eps, true, batch_statistics, x, mean, var, gamma, beta,
                      dz.data(), dx, dgamma, dbeta);
}

}  // namespace melgrad
