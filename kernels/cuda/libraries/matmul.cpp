#include <algorithm>

#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/fill_rows.h"
#include "kernels/tf32.h"

namespace melgrad {
namespace {

// A row-major matrix as cuBLAS sees it, column by column: the transposed one, or itself if it was transposed already.
struct Operand {
  cublasOperation_t operation;
  i64 leading;
};

Operand operand(i64 rows, i64 cols, i64 row_stride, i64 col_stride) {
  // Of a single row or column the stride means nothing and may be anything.
  if (col_stride == 1 || cols == 1) {
    return {CUBLAS_OP_N, std::max({row_stride, cols, i64{1}})};
  }
  return {CUBLAS_OP_T, std::max({col_stride, rows, i64{1}})};
}

// f32 means f32, unless TF32 was asked for.
cublasComputeType_t compute_type(Dtype dtype) {
  return dtype == Dtype::f32 && tf32_in_products() ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                   : CUBLAS_COMPUTE_32F;
}

}  // namespace

// cuBLAS is column-major: it computes yᵀ = wᵀ aᵀ, whose columns are our rows.
void CudaBackend::matmul(const MatmulShape& s, Dtype dtype, const void* a, const void* w,
                         const void* bias, void* y) {
  check(dtype == Dtype::f32 || dtype == Dtype::bf16, "matmul",
        "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
  if (s.batch * s.m * s.n == 0) return;
  if (bias || s.k == 0) fill_rows(*this, dtype, s.batch * s.m, s.n, bias, y);
  if (s.k == 0) return;
  Operand left = operand(s.m, s.k, s.a_row, s.a_col), right = operand(s.k, s.n, s.b_row, s.b_col);
  float one = 1, beta = bias ? 1.0F : 0.0F;
  cudaDataType type = dtype == Dtype::f32 ? CUDA_R_32F : CUDA_R_16BF;
  cublasHandle_t handle = libraries().cublas;
  auto single = [&] {
    return cublasGemmEx_64(handle, right.operation, left.operation, s.n, s.m, s.k, &one, w, type,
                           right.leading, a, type, left.leading, &beta, y, type, s.n,
                           compute_type(dtype), CUBLAS_GEMM_DEFAULT);
  };
  auto batch = [&] {
    return cublasGemmStridedBatchedEx_64(handle, right.operation, left.operation, s.n, s.m, s.k,
                                         &one, w, type, right.leading, s.b_batch, a, type,
                                         left.leading, s.a_batch, &beta, y, type, s.n, s.m * s.n,
                                         s.batch, compute_type(dtype), CUBLAS_GEMM_DEFAULT);
  };
  // A single product goes another way: there cuBLAS may divide a long sum among more blocks.
  if (s.batch == 1) {
    cuda::check_cublas(cuda::with_memory(*this, single), "cublasGemmEx_64");
  } else {
    cuda::check_cublas(cuda::with_memory(*this, batch), "cublasGemmStridedBatchedEx_64");
  }
}

}  // namespace melgrad
