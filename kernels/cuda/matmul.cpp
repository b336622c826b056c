#include <algorithm>

#include "kernels/cuda/library_handles.h"
#include "kernels/tf32.h"

namespace melgrad {
namespace {

// A row-major matrix as cuBLAS sees it, column by column: the transposed one, or itself if it was transposed already.
struct Operand {
  cublasOperation_t operation;
  int leading;
};

Operand operand(i64 rows, i64 cols, i64 row_stride, i64 col_stride) {
  // Of a single row or column the stride means nothing and may be anything.
  if (col_stride == 1 || cols == 1) {
    return {CUBLAS_OP_N, static_cast<int>(std::max({row_stride, cols, i64{1}}))};
  }
  return {CUBLAS_OP_T, static_cast<int>(std::max({col_stride, rows, i64{1}}))};
}

// Pedantic: f32 means f32, unless TF32 was asked for.
cublasComputeType_t compute_type(Dtype dtype) {
  if (dtype != Dtype::f32) return CUBLAS_COMPUTE_32F;
  return tf32() ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC;
}

}  // namespace

// cuBLAS is column-major: it computes yᵀ = wᵀ aᵀ, whose columns are our rows.
void CudaBackend::matmul(const MatmulShape& s, Dtype dtype, const void* a, const void* w,
                         const void* bias, void* y) {
  check(dtype == Dtype::f32 || dtype == Dtype::bf16, "matmul",
        "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
  if (s.batch * s.m * s.n == 0) return;
  check(std::max({s.m, s.n, s.k}) <= 0x7fffffff && s.batch <= 0x7fffffff, "matmul",
        "cuBLAS counts in 32 bits; {} × {} × {} is too large", s.m, s.n, s.k);
  if (bias) {
    copy({3, {s.batch, s.m, s.n}, {0, 0, 1}, {s.m * s.n, s.n, 1}}, dtype, bias, dtype, y);
  } else if (s.k == 0) {
    fill(dtype, 0, s.batch * s.m * s.n, y);
  }
  if (s.k == 0) return;
  Operand left = operand(s.m, s.k, s.a_row, s.a_col), right = operand(s.k, s.n, s.b_row, s.b_col);
  float one = 1, beta = bias ? 1.0F : 0.0F;
  cudaDataType type = dtype == Dtype::f32 ? CUDA_R_32F : CUDA_R_16BF;
  cuda::check_cublas(
      cublasGemmStridedBatchedEx(
          libraries().cublas, right.operation, left.operation, static_cast<int>(s.n),
          static_cast<int>(s.m), static_cast<int>(s.k), &one, w, type, right.leading, s.b_batch, a,
          type, left.leading, s.a_batch, &beta, y, type, static_cast<int>(s.n), s.m * s.n,
          static_cast<int>(s.batch), compute_type(dtype), CUBLAS_GEMM_DEFAULT),
      "cublasGemmStridedBatchedEx");
}

}  // namespace melgrad
