#pragma once
#include <cublas_v2.h>
#include <cudnn.h>
#include <cufft.h>

#include <memory>
#include <string_view>
#include <tuple>

#include "kernels/cuda/libraries/fft.h"
#include "kernels/cuda/libraries/recent.h"
#include "kernels/error.h"
#include "kernels/shapes.h"

/// For the files that call cuBLAS, cuDNN and cuFFT; nobody else includes it.
namespace melgrad::cuda {

void check_cublas(cublasStatus_t status, std::string_view call);
void check_cudnn(cudnnStatus_t status, std::string_view call);
void check_cufft(cufftResult status, std::string_view call);
/// What check_cudnn throws.
Error cudnn_error(cudnnStatus_t status, std::string_view call);

constexpr bool lacks_memory(cublasStatus_t status) { return status == CUBLAS_STATUS_ALLOC_FAILED; }
constexpr bool lacks_memory(cudnnStatus_t status) {
  return status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
}
constexpr bool lacks_memory(cufftResult status) { return status == CUFFT_ALLOC_FAILED; }

/// The status of `call`, which a library answers. A library allocates and loads kernels when it likes, from what our cache
/// leaves of the device: where that was too little the cache is given back and the call made once more.
template <class Call>
auto with_memory(CudaBackend& backend, Call call) {
  auto status = call();
  if (!lacks_memory(status) || backend.is_recording()) return status;
  backend.release_cache();
  return call();
}

enum class ConvGraph : i64;  // conv_graph.h
class Plan;                  // cudnn_graph.h
class FftPlan;               // fft.cpp
class RnnLayer;              // rnn_layer.h

struct Libraries {
  /// Throws Error that names the call that failed; what was made before is destroyed.
  explicit Libraries(Stream stream);
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;
  ~Libraries();

  Stream stream = nullptr;
  cublasHandle_t cublas = nullptr;
  static constexpr std::size_t workspace_bytes = std::size_t{32}
                                                 << 20U;  // as cuBLAS takes on Hopper
  void* cublas_workspace = nullptr;
  cudnnHandle_t cudnn = nullptr;

  /// By graph, shape, dtype, and whether tensor cores may be used; null where cuDNN has no plan.
  /// So many that no training comes near it (a large net has a few hundred): to make one may take a tenth of a second.
  Recent<std::tuple<ConvGraph, ConvShape, Dtype, bool>, std::shared_ptr<const Plan>> convolutions{
      4096};
  /// By type, count and n. Each holds tables in the device's memory, and signals of all lengths come to an endless
  /// number of counts.
  Recent<std::tuple<cufftType, i64, i64>, std::shared_ptr<const FftPlan>> transforms{32};
  /// By mode, t, n, input, hidden, dtype, and whether tensor cores may be used. Only the host's memory: sequences of as
  /// many lengths as a batch by lengths may have.
  Recent<std::tuple<RnnMode, i64, i64, i64, i64, Dtype, bool>, std::shared_ptr<RnnLayer>>
      recurrent_layers{256};

 private:
  Libraries() = default;
};

}  // namespace melgrad::cuda
