#include "kernels/cuda/libraries/library_handles.h"

#include <cstdlib>

#include "kernels/cuda/libraries/conv_graph.h"
#include "kernels/cuda/libraries/cudnn_graph.h"

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
  for (const auto& [key, plan] : plans) cufftDestroy(plan.handle);
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

cuda::Libraries& CudaBackend::libraries() {
  if (!libraries_) libraries_ = std::make_unique<cuda::Libraries>(stream_);
  return *libraries_;
}

}  // namespace melgrad
