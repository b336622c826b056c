#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/libraries/fft.h"
#include "kernels/cudasim/device_memory.h"
#include "kernels/cudasim/stream.h"

// What cuBLAS, cuDNN and cuFFT do on a GPU, the CPU's backend does here on the same device memory: matmul.cpp, conv.cpp, rnn.cpp
// and fft.cpp of kernels/cuda are left out of a simulator build, and nothing else is.
namespace melgrad {
namespace cuda {
struct Libraries {};
}  // namespace cuda

namespace {

CpuBackend& cpu() { return static_cast<CpuBackend&>(backend(Device::cpu())); }

template <class Work>
void on_device(cuda::Stream stream, Work work) {
  sim::submit(stream, [work] {
    sim::DeviceAccess access;
    work();
  });
}

}  // namespace

CudaBackend::CudaBackend()
    : stream_(cuda::create_stream()),
      allocator_("the simulated GPU", cuda::device_malloc, cuda::device_free,
                 sim::device_memory_bytes) {}

CudaBackend::~CudaBackend() = default;

void CudaBackend::matmul(const MatmulShape& s, Dtype t, const void* a, const void* w,
                         const void* bias, void* y) {
  on_device(stream_, [=] { cpu().matmul(s, t, a, w, bias, y); });
}

void CudaBackend::conv2d(const ConvShape& s, Dtype t, bool relu, const void* x, const void* w,
                         const void* bias, void* y) {
  on_device(stream_, [=] { cpu().conv2d(s, t, relu, x, w, bias, y); });
}

void CudaBackend::conv2d_backward_data(const ConvShape& s, Dtype t, const void* dy, const void* w,
                                       void* dx) {
  on_device(stream_, [=] { cpu().conv2d_backward_data(s, t, dy, w, dx); });
}

void CudaBackend::conv2d_backward_weights(const ConvShape& s, Dtype t, const void* x,
                                          const void* dy, void* dw, void* dbias) {
  on_device(stream_, [=] { cpu().conv2d_backward_weights(s, t, x, dy, dw, dbias); });
}

std::size_t CudaBackend::rnn_reserve_bytes(const RnnShape& s, Dtype t) {
  return cpu().rnn_reserve_bytes(s, t);
}

void CudaBackend::rnn(const RnnShape& s, Dtype t, const RnnWeights& w, const void* x,
                      const void* h0, const void* c0, void* y, void* hn, void* cn, void* reserve) {
  on_device(stream_, [=] { cpu().rnn(s, t, w, x, h0, c0, y, hn, cn, reserve); });
}

void CudaBackend::rnn_backward(const RnnShape& s, Dtype t, const RnnWeights& w, const void* x,
                               const void* h0, const void* c0, const void* y, const void* reserve,
                               const void* dy, const void* dhn, const void* dcn,
                               const RnnGradients& d) {
  on_device(stream_, [=] { cpu().rnn_backward(s, t, w, x, h0, c0, y, reserve, dy, dhn, dcn, d); });
}

void cuda::fft_real_to_complex(CudaBackend& backend, i64 count, i64 n, const float* x, float* y) {
  on_device(backend.stream(), [=] {
    std::vector<float> ones(static_cast<std::size_t>(n), 1.0F);
    cpu().stft({count, n, n, n, 1}, Dtype::f32, x, ones.data(), y);
  });
}

// Where cuFFT may do anything, this gives NaN.
void cuda::fft_complex_to_real(CudaBackend& backend, i64 count, i64 n, float* y, float* x) {
  on_device(backend.stream(), [=] {
    cpu().irfft(Dtype::f32, count, n, y, x);
    for (i64 b = 0; b < count; ++b) {
      const float* spectrum = y + b * (n / 2 + 1) * 2;
      bool hermitian = spectrum[1] == 0 && (n % 2 == 1 || spectrum[n + 1] == 0);
      for (i64 j = 0; j < n; ++j) x[b * n + j] *= hermitian ? static_cast<float>(n) : NAN;
    }
  });
}

}  // namespace melgrad
