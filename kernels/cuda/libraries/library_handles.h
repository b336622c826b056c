#pragma once
#include <cublas_v2.h>
#include <cudnn.h>
#include <cufft.h>

#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "kernels/cuda/libraries/fft.h"
#include "kernels/error.h"
#include "kernels/shapes.h"

/// For the files that call cuBLAS, cuDNN and cuFFT; nobody else includes it.
namespace melgrad::cuda {

void check_cublas(cublasStatus_t status, std::string_view call);
void check_cudnn(cudnnStatus_t status, std::string_view call);
void check_cufft(cufftResult status, std::string_view call);

class Plan;                  // cudnn_graph.h
enum class ConvGraph : i64;  // conv_graph.h
struct ConvAlignment;

struct FftPlan {
  cufftHandle handle = 0;
  std::size_t workspace = 0;
};

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

  /// By graph, shape, dtype, alignment of the arrays, and whether tensor cores may be used; nothing where cuDNN has no plan.
  std::map<std::tuple<ConvGraph, ConvShape, Dtype, ConvAlignment, bool>, std::optional<Plan>>
      convolutions;
  std::map<std::tuple<cufftType, i64, i64>, FftPlan> plans;  // type, count, n

 private:
  Libraries() = default;
};

}  // namespace melgrad::cuda
