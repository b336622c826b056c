#pragma once
#include <cublas_v2.h>
#include <cudnn.h>
#include <cufft.h>

#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <vector>

#include "kernels/cuda/libraries.h"
#include "kernels/error.h"

/// For the files that call cuBLAS, cuDNN and cuFFT; nobody else includes it.
namespace melgrad::cuda {

void check_cublas(cublasStatus_t status, std::string_view call);
void check_cudnn(cudnnStatus_t status, std::string_view call);
void check_cufft(cufftResult status, std::string_view call);

/// What cuDNN may multiply in: for f32 no TF32 unless asked for.
cudnnMathType_t math_of(Dtype dtype);

/// The algorithm that cuDNN's heuristics chose for a convolution, and the memory it needs.
template <class Algorithm>
struct Choice {
  Algorithm algorithm;
  cudnnMathType_t math;
  std::size_t workspace;
};

struct Libraries {
  explicit Libraries(Stream stream);
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;
  ~Libraries();

  Stream stream;
  cublasHandle_t cublas = nullptr;
  cudnnHandle_t cudnn = nullptr;

  using ConvKey = std::vector<i64>;  // all sizes, the dtype, math_of it
  std::map<ConvKey, Choice<cudnnConvolutionFwdAlgo_t>> forward;
  std::map<ConvKey, Choice<cudnnConvolutionBwdDataAlgo_t>> backward_data;
  std::map<ConvKey, Choice<cudnnConvolutionBwdFilterAlgo_t>> backward_weights;
  std::map<std::tuple<cufftType, i64, i64>, cufftHandle> plans;  // type, count, n
};

}  // namespace melgrad::cuda
