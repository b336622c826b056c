#include "kernels/cuda/library_handles.h"

namespace melgrad {
namespace cuda {

void check_cublas(cublasStatus_t status, std::string_view call) {
  check(status == CUBLAS_STATUS_SUCCESS, call, "{} ({})", cublasGetStatusString(status),
        cublasGetStatusName(status));
}

void check_cudnn(cudnnStatus_t status, std::string_view call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char detail[512] = "";
  cudnnGetLastErrorString(detail, sizeof detail);
  fail(call, "{}: {}", cudnnGetErrorString(status), detail);
}

void check_cufft(cufftResult status, std::string_view call) {
  check(status == CUFFT_SUCCESS, call, "cuFFT's status {}{}", static_cast<int>(status),
        status == CUFFT_ALLOC_FAILED ? ": the GPU has no memory left for the plan" : "");
}

Libraries::Libraries(Stream s) : stream(s) {
  check_cublas(cublasCreate(&cublas), "cublasCreate");
  check_cublas(cublasSetStream(cublas, stream), "cublasSetStream");
  // f32 means f32: TF32 keeps 10 bits of the fraction.
  check_cublas(cublasSetMathMode(cublas, CUBLAS_PEDANTIC_MATH), "cublasSetMathMode");
  check_cudnn(cudnnCreate(&cudnn), "cudnnCreate");
  check_cudnn(cudnnSetStream(cudnn, stream), "cudnnSetStream");
}

Libraries::~Libraries() {
  for (const auto& [key, plan] : plans) cufftDestroy(plan);
  cudnnDestroy(cudnn);
  cublasDestroy(cublas);
}

}  // namespace cuda

CudaBackend::CudaBackend()
    : stream_(cuda::create_stream()),
      allocator_("the GPU", cuda::device_malloc, cuda::device_free, cuda::device_memory().total) {}

CudaBackend::~CudaBackend() = default;

cuda::Libraries& CudaBackend::libraries() {
  if (!libraries_) libraries_ = std::make_unique<cuda::Libraries>(stream_);
  return *libraries_;
}

}  // namespace melgrad
