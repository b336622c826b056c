#include "kernels/cuda/libraries/library_handles.h"

#include <cstdlib>

namespace melgrad {
namespace cuda {

void check_cublas(cublasStatus_t status, std::string_view call) {
  check(status == CUBLAS_STATUS_SUCCESS, call, "{} ({})", cublasGetStatusString(status),
        cublasGetStatusName(status));
}

Error cudnn_error(cudnnStatus_t status, std::string_view call) {
  char detail[512] = "";
  cudnnGetLastErrorString(detail, sizeof detail);
  return Error(format("[{}] {}: {}", call, cudnnGetErrorString(status), detail));
}

void check_cudnn(cudnnStatus_t status, std::string_view call) {
  if (status != CUDNN_STATUS_SUCCESS) throw cudnn_error(status, call);
}

void check_cufft(cufftResult status, std::string_view call) {
  check(status == CUFFT_SUCCESS, call, "cuFFT's status {}{}", static_cast<int>(status),
        status == CUFFT_ALLOC_FAILED ? ": the GPU has no memory left for the plan" : "");
}

// Delegates, so that the destructor runs also where a call below fails.
Libraries::Libraries(Stream s) : Libraries() {
  stream = s;
  // Without it cuBLAS and cuDNN's RNN calls may give other bits from run to run (cuBLAS documentation, "Results
  // Reproducibility").
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  check_cublas(cublasCreate(&cublas), "cublasCreate");
  check_cublas(cublasSetStream(cublas, stream), "cublasSetStream");
  // Of its own, cuBLAS would ask CUDA for memory while a step is being recorded.
  cublas_workspace = device_malloc(workspace_bytes);
  if (cublas_workspace) {
    check_cublas(cublasSetWorkspace(cublas, cublas_workspace, workspace_bytes),
                 "cublasSetWorkspace");
  }
  // Sums of bf16 are f32's to the end, also where they are joined from parts.
  check_cublas(cublasSetMathMode(cublas, static_cast<cublasMath_t>(
                                             CUBLAS_DEFAULT_MATH |
                                             CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)),
               "cublasSetMathMode");
  check_cudnn(cudnnCreate(&cudnn), "cudnnCreate");
  check_cudnn(cudnnSetStream(cudnn, stream), "cudnnSetStream");
}

Libraries::~Libraries() {
  if (cudnn) cudnnDestroy(cudnn);
  if (cublas) cublasDestroy(cublas);
  device_free(cublas_workspace);
}

}  // namespace cuda

CudaBackend::CudaBackend()
    : stream_(cuda::create_stream()),
      allocator_("the GPU", cuda::device_malloc, cuda::device_free, cuda::device_memory().total) {}

CudaBackend::~CudaBackend() {
  libraries_.reset();
  cuda::destroy_stream(stream_);
}

// Their handles allocate, and may find nothing but our cache.
cuda::Libraries& CudaBackend::libraries() {
  if (libraries_) return *libraries_;
  release_cache();
  libraries_ = std::make_unique<cuda::Libraries>(stream_);
  return *libraries_;
}

}  // namespace melgrad
