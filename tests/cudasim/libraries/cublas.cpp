#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/cudasim/libraries/include/cublas_v2.h"
#include "tests/cudasim/libraries/callers.h"

namespace melgrad::sim {
namespace {

/// C (5, 3) = A (5, 4) B (4, 3), column by column, as it should be called; tests change one thing.
struct Call {
  cublasHandle_t handle = nullptr;
  DeviceArray workspace{4096}, a{40 * sizeof(float)}, b{40 * sizeof(float)}, c{40 * sizeof(float)};
  cublasOperation_t a_operation = CUBLAS_OP_N, b_operation = CUBLAS_OP_N;
  i64 m = 5, n = 3, k = 4, lda = 5, ldb = 4, ldc = 5, batch = 1, stride_c = 15;
  cudaDataType a_type = CUDA_R_32F, c_type = CUDA_R_32F;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  float alpha = 1, beta = 0;
  const void* alpha_at = &alpha;
  const void* a_at = a.data();
  void* c_at = c.data();

  Call() {
    cublasCreate(&handle);
    cublasSetStream(handle, test_stream());
    cublasSetWorkspace(handle, workspace.data(), 4096);
    std::vector<float> values(40);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) - 2;
    a.set(values);
    b.set(values);
  }
  ~Call() { cublasDestroy(handle); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void run() {
    if (batch == 1) {
      cublasGemmEx_64(handle, a_operation, b_operation, m, n, k, alpha_at, a_at, a_type, lda,
                      b.data(), CUDA_R_32F, ldb, &beta, c_at, c_type, ldc, compute,
                      CUBLAS_GEMM_DEFAULT);
    } else {
      cublasGemmStridedBatchedEx_64(handle, a_operation, b_operation, m, n, k, alpha_at, a_at,
                                    a_type, lda, 20, b.data(), CUDA_R_32F, ldb, 12, &beta, c_at,
                                    c_type, ldc, stride_c, batch, compute, CUBLAS_GEMM_DEFAULT);
    }
  }
};

BrokenCaller caller(const char* name, const char* words, const std::function<void(Call&)>& change) {
  return {name, words, [change] {
            Call call;
            change(call);
            call.run();
          }};
}

}  // namespace

std::vector<BrokenCaller> cublas_callers() {
  return {
      caller("a leading dimension of a row-major matrix",
             "A has the leading dimension 4 and 5 rows", [](Call& c) { c.lda = 4; }),
      caller("a transposed matrix with the leading dimension of one that is not",
             "B has the leading dimension 2 and 3 rows",
             [](Call& c) { c.b_operation = CUBLAS_OP_T, c.ldb = 2; }),
      caller("columns of C too close", "C has the leading dimension 1", [](Call& c) { c.ldc = 1; }),
      caller("a matrix larger than its memory", "bytes at byte 0 of a device allocation",
             [](Call& c) { c.k = 40, c.ldb = 40; }),
      caller("products that overlap in C", "stride_c is 10",
             [](Call& c) { c.batch = 2, c.stride_c = 10; }),
      caller("C in place of A", "C overlaps A", [](Call& c) { c.c_at = c.a.data(); }),
      caller("half an element too far", "A begins 2 bytes after a multiple of 4",
             [](Call& c) { c.a_at = static_cast<char*>(c.a.data()) + 2; }),
      caller("a matrix in host memory", "host address", [](Call& c) { c.a_at = &c.alpha; }),
      caller("alpha in device memory", "alpha or beta", [](Call& c) { c.alpha_at = c.a.data(); }),
      caller("a negative size", "m -1", [](Call& c) { c.m = -1; }),
      caller("A and B of two types", "types 14, 0 and 0", [](Call& c) { c.a_type = CUDA_R_16BF; }),
      caller("bf16 from f32", "types 0, 0 and 14", [](Call& c) { c.c_type = CUDA_R_16BF; }),
      caller("no stream", "has no stream", [](Call& c) { cublasSetStream(c.handle, nullptr); }),
      caller("a workspace at an odd address", "workspace begins at a multiple of 256 bytes",
             [](Call& c) {
               cublasSetWorkspace(c.handle, static_cast<char*>(c.workspace.data()) + 64, 128);
             }),
      caller("a workspace smaller than said", "of a device allocation of 4096 bytes",
             [](Call& c) { cublasSetWorkspace(c.handle, c.workspace.data(), 8192); }),
      caller("the stream set after the workspace, and a capture", "has no workspace",
             [](Call& c) {
               cublasSetStream(c.handle, test_stream());
               Capture capture;
               c.run();
             }),
      caller("a mode that is none", "mode 9",
             [](Call& c) { cublasSetMathMode(c.handle, static_cast<cublasMath_t>(9)); }),
      {"a handle made during capture", "[cublasCreate] a stream is being captured",
       [] {
         Capture capture;
         cublasHandle_t handle = nullptr;
         cublasCreate(&handle);
       }},
      {"a handle destroyed twice", "no live handle",
       [] {
         cublasHandle_t handle = nullptr;
         cublasCreate(&handle);
         cublasDestroy(handle);
         cublasDestroy(handle);
       }},
  };
}

namespace {

float element(std::size_t i) { return static_cast<float>(i % 7) - 2; }

TEST(CublasStandIn, MultipliesColumnMajorMatrices) {
  for (bool transposed : {false, true}) {
    Call call;
    if (transposed) call.a_operation = CUBLAS_OP_T, call.lda = 6;
    call.c.set(std::vector<float>(40, std::numeric_limits<float>::quiet_NaN()));  // beta is 0
    call.run();
    std::vector<float> c = call.c.get(15);
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        float sum = 0;
        for (std::size_t l = 0; l < 4; ++l)
          sum += element(transposed ? l + i * 6 : i + l * 5) * element(l + j * 4);
        EXPECT_EQ(c[i + j * 5], sum) << i << ", " << j;
      }
    }
  }
}

TEST(CublasStandIn, AddsToC) {
  Call call;
  call.run();
  std::vector<float> once = call.c.get(15);
  call.beta = 2;
  call.run();
  std::vector<float> c = call.c.get(15);
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(c[i], 3 * once[i]);
}

// Of 1 + 2⁻¹² TF32 keeps 1; a sum of bf16 that is joined as bf16 loses what a sum in f32 has.
TEST(CublasStandIn, RoundsAsTold) {
  Call call;
  call.a.set(std::vector<float>(40, 1 + 0x1p-12F));
  call.b.set(std::vector<float>(40, 1));
  call.run();
  EXPECT_EQ(call.c.get(1)[0], 4 * (1 + 0x1p-12F));
  call.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  call.run();
  EXPECT_EQ(call.c.get(1)[0], 4);
}

TEST(CublasStandIn, SpoilsItsWorkspace) {
  Call call;
  call.workspace.set(std::vector<float>(1024, 1));
  call.run();
  for (float value : call.workspace.get(1024)) ASSERT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace melgrad::sim
