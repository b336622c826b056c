#include "kernels/cudasim/libraries/include/cublas_v2.h"

#include <algorithm>
#include <array>

#include "kernels/cudasim/libraries/arrays.h"
#include "kernels/cudasim/libraries/objects.h"
#include "kernels/cudasim/libraries/product.h"

// cuBLAS: handles, and products of column-major matrices.

using melgrad::i64;

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  i64 workspace_bytes = 0;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
};

namespace melgrad::sim {
namespace {

const Rule alive("cuBLAS, cublasCreate()",
                 "a handle is used from cublasCreate() to cublasDestroy()");
const Rule not_while_captured("cuBLAS, CUDA Graphs Support, and cublasCreate()",
                              "a handle, which allocates, is not made or destroyed during capture");
const Rule own_stream(
    "cuBLAS, cublasSetStream()",
    "without a stream, work goes to the NULL stream, which ours does not wait for");
const Rule workspace_aligned("cuBLAS, cublasSetWorkspace()",
                             "the workspace begins at a multiple of 256 bytes");
const Rule workspace_set(
    "cuBLAS, CUDA Graphs Support, and cublasSetStream()",
    "during capture cuBLAS allocates unless the caller has given it a workspace, "
    "which setting the stream takes away");
const Rule known_mode("cuBLAS, cublasMath_t",
                      "the mode is one of those listed, with or without the flag");
const Rule sizes("cuBLAS, cublas<t>gemm()", "m, n, k and the number of products are not negative");
const Rule leading_dimension("cuBLAS, cublas<t>gemm()",
                             "a leading dimension is at least 1 and the number of rows in memory");
const Rule scalars("cuBLAS, cublasPointerMode_t",
                   "in the default mode alpha and beta are in host memory");
const Rule types(
    "cuBLAS, cublasGemmEx(), table of types",
    "float sums take A and B of one type, and C of that type or float; TF32 takes float only");
const Rule products_apart("cuBLAS, cublas<t>gemmStridedBatched()",
                          "the products in C must not overlap: stride_c is at least ldc · n");

Objects<cublasContext>& handles() {
  static auto* all = new Objects<cublasContext>(alive);
  return *all;
}

Dtype dtype(std::string_view call, cudaDataType type) {
  types.check(type == CUDA_R_32F || type == CUDA_R_16BF, call, "type {}", static_cast<int>(type));
  return type == CUDA_R_32F ? Dtype::f32 : Dtype::bf16;
}

// As NVIDIA's arguments describe it.
struct Operand {
  std::string_view name;
  cublasOperation_t operation;
  i64 rows, cols;  // of op(A)
  const void* data;
  Dtype dtype;
  i64 leading, stride;

  // What is in memory, column by column.
  i64 stored_rows() const { return operation == CUBLAS_OP_N ? rows : cols; }
  i64 stored_cols() const { return operation == CUBLAS_OP_N ? cols : rows; }

  Array checked(std::string_view call, i64 batch) const {
    leading_dimension.check(leading >= std::max<i64>(1, stored_rows()), call,
                            "{} has the leading dimension {} and {} rows", name, leading,
                            stored_rows());
    auto element = static_cast<i64>(size_of(dtype));
    i64 last = (batch - 1) * stride + (stored_cols() - 1) * leading + stored_rows();
    bool empty = batch * rows * cols == 0;
    Array array{name, data, empty ? 0 : last * element, element};
    check_array(call, array);
    return array;
  }
  Matrix matrix() const {
    bool transposed = operation == CUBLAS_OP_T;
    return {dtype, data, transposed ? leading : 1, transposed ? 1 : leading, stride};
  }
};

void check_scalars(std::string_view call, const void* alpha, const void* beta) {
  for (const void* scalar : {alpha, beta})
    scalars.check(scalar != nullptr && !is_device_address(scalar), call,
                  "alpha or beta is null or an address of the device");
}

// cuBLAS may use as much of its workspace as it likes; this much shows who else does.
constexpr i64 used_workspace = i64{64} << 10U;

void multiply(std::string_view call, const cublasContext& handle, Product product, const Operand& a,
              const Operand& b, const Operand& c) {
  sizes.check(product.m >= 0 && product.n >= 0 && product.k >= 0 && product.batch >= 0, call,
              "m {}, n {}, k {}, {} products", product.m, product.n, product.k, product.batch);
  std::array read = {a.checked(call, product.batch), b.checked(call, product.batch)};
  std::array written = {c.checked(call, product.batch)};
  products_apart.check(product.batch < 2 || c.stride >= c.leading * product.n, call,
                       "stride_c is {}, ldc {}, n {}", c.stride, c.leading, product.n);
  check_apart(call, read, written);
  own_stream.check(handle.stream != nullptr, call, "the handle has no stream");
  workspace_set.check(handle.workspace != nullptr || !is_capturing(handle.stream), call,
                      "the handle has no workspace");
  product.a = a.matrix();
  product.b = b.matrix();
  product.c = c.matrix();
  bool keeps_f32 = (handle.math & CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION) != 0;
  product.sums_in_bf16 = a.dtype == Dtype::bf16 && !keeps_f32;
  Array workspace{"the workspace", handle.workspace,
                  handle.workspace ? std::min(handle.workspace_bytes, used_workspace) : 0};
  on_device(handle.stream, [=, call = std::string(call)] {
    for (const Array& array : {read[0], read[1], written[0], workspace}) check_array(call, array);
    spoil(const_cast<void*>(workspace.data), workspace.bytes);
    compute(product);
    spoil(const_cast<void*>(workspace.data), workspace.bytes);
  });
}

void check_types(std::string_view call, cudaDataType a, cudaDataType b, cudaDataType c,
                 cublasComputeType_t compute) {
  bool known = compute == CUBLAS_COMPUTE_32F || compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  bool one_type = a == b && (c == a || c == CUDA_R_32F);
  bool fits = compute != CUBLAS_COMPUTE_32F_FAST_TF32 || a == CUDA_R_32F;
  types.check(known && one_type && fits, call, "types {}, {} and {}, computed as {}",
              static_cast<int>(a), static_cast<int>(b), static_cast<int>(c),
              static_cast<int>(compute));
}

}  // namespace
}  // namespace melgrad::sim

using namespace melgrad::sim;

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  return loading_entry(
      "cublasCreate", CUBLAS_STATUS_NOT_INITIALIZED, CUBLAS_STATUS_ALLOC_FAILED, [&] {
        not_while_captured.check(!is_any_capturing(), "cublasCreate", "a stream is being captured");
        *handle = handles().make();
      });
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  bool fails = is_to_fail("cublasDestroy");
  not_while_captured.check(!is_any_capturing(), "cublasDestroy", "a stream is being captured");
  handles().destroy(handle, "cublasDestroy");
  return fails ? CUBLAS_STATUS_INTERNAL_ERROR : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  return entry("cublasSetStream", CUBLAS_STATUS_NOT_INITIALIZED, [&] {
    cublasContext& context = handles().at(handle, "cublasSetStream");
    context.stream = stream;
    context.workspace = nullptr;
  });
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  return entry("cublasSetWorkspace", CUBLAS_STATUS_INVALID_VALUE, [&] {
    cublasContext& context = handles().at(handle, "cublasSetWorkspace");
    auto size = static_cast<i64>(bytes);
    auto beyond = reinterpret_cast<std::uintptr_t>(workspace) % 256;
    workspace_aligned.check(beyond == 0, "cublasSetWorkspace", "{} bytes after such a multiple",
                            beyond);
    check_array("cublasSetWorkspace", {"the workspace", workspace, size});
    context.workspace = workspace;
    context.workspace_bytes = size;
  });
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  return entry("cublasSetMathMode", CUBLAS_STATUS_INVALID_VALUE, [&] {
    int plain = mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    bool known = plain == CUBLAS_DEFAULT_MATH || plain == CUBLAS_PEDANTIC_MATH ||
                 plain == CUBLAS_TF32_TENSOR_OP_MATH;
    known_mode.check(known, "cublasSetMathMode", "mode {}", static_cast<int>(mode));
    handles().at(handle, "cublasSetMathMode").math = mode;
  });
}

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "an unknown status";
}

const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "no error" : "the stand-in for cuBLAS was told to fail";
}

cublasStatus_t cublasGemmEx_64(cublasHandle_t handle, cublasOperation_t transa,
                               cublasOperation_t transb, std::int64_t m, std::int64_t n,
                               std::int64_t k, const void* alpha, const void* a,
                               cudaDataType a_type, std::int64_t lda, const void* b,
                               cudaDataType b_type, std::int64_t ldb, const void* beta, void* c,
                               cudaDataType c_type, std::int64_t ldc,
                               cublasComputeType_t compute_type, cublasGemmAlgo_t) {
  constexpr const char* call = "cublasGemmEx_64";
  return loading_entry(call, CUBLAS_STATUS_EXECUTION_FAILED, CUBLAS_STATUS_ALLOC_FAILED, [&] {
    check_scalars(call, alpha, beta);
    check_types(call, a_type, b_type, c_type, compute_type);
    multiply(call, handles().at(handle, call),
             {.m = m,
              .n = n,
              .k = k,
              .alpha = *static_cast<const float*>(alpha),
              .beta = *static_cast<const float*>(beta),
              .tf32 = compute_type == CUBLAS_COMPUTE_32F_FAST_TF32},
             {"A", transa, m, k, a, dtype(call, a_type), lda, 0},
             {"B", transb, k, n, b, dtype(call, b_type), ldb, 0},
             {"C", CUBLAS_OP_N, m, n, c, dtype(call, c_type), ldc, 0});
  });
}

cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle, cublasOperation_t transa,
                                             cublasOperation_t transb, std::int64_t m,
                                             std::int64_t n, std::int64_t k, const void* alpha,
                                             const void* a, cudaDataType a_type, std::int64_t lda,
                                             long long stride_a, const void* b, cudaDataType b_type,
                                             std::int64_t ldb, long long stride_b, const void* beta,
                                             void* c, cudaDataType c_type, std::int64_t ldc,
                                             long long stride_c, std::int64_t batch_count,
                                             cublasComputeType_t compute_type, cublasGemmAlgo_t) {
  constexpr const char* call = "cublasGemmStridedBatchedEx_64";
  return loading_entry(call, CUBLAS_STATUS_EXECUTION_FAILED, CUBLAS_STATUS_ALLOC_FAILED, [&] {
    check_scalars(call, alpha, beta);
    check_types(call, a_type, b_type, c_type, compute_type);
    multiply(call, handles().at(handle, call),
             {.batch = batch_count,
              .m = m,
              .n = n,
              .k = k,
              .alpha = *static_cast<const float*>(alpha),
              .beta = *static_cast<const float*>(beta),
              .tf32 = compute_type == CUBLAS_COMPUTE_32F_FAST_TF32},
             {"A", transa, m, k, a, dtype(call, a_type), lda, stride_a},
             {"B", transb, k, n, b, dtype(call, b_type), ldb, stride_b},
             {"C", CUBLAS_OP_N, m, n, c, dtype(call, c_type), ldc, stride_c});
  });
}
