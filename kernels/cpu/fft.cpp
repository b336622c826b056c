#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/cpu/cpu_backend.h"

namespace melgrad {
namespace {

/// cos and sin of 2π j/n for j = 0 … n − 1.
struct UnitCircle {
  std::vector<double> cos, sin;
  explicit UnitCircle(i64 n) : cos(static_cast<std::size_t>(n)), sin(cos.size()) {
    for (std::size_t j = 0; j < cos.size(); ++j) {
      double angle = 2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n);
      cos[j] = std::cos(angle);
      sin[j] = std::sin(angle);
    }
  }
};

template <class T>
void plain_stft(const StftShape& s, const T* x, const T* window, T* y) {
  UnitCircle circle(s.n_fft);
  for (i64 b = 0; b < s.count; ++b)
    for (i64 f = 0; f < s.frames; ++f)
      for (i64 k = 0; k < s.bins(); ++k) {
        double re = 0, im = 0;
        for (i64 j = 0; j < s.n_fft; ++j) {
          double value = static_cast<double>(window[j]) * x[b * s.samples + f * s.hop + j];
          auto angle = static_cast<std::size_t>(j * k % s.n_fft);
          re += value * circle.cos[angle];
          im -= value * circle.sin[angle];
        }
        T* bin = y + ((b * s.frames + f) * s.bins() + k) * 2;
        bin[0] = static_cast<T>(re);
        bin[1] = static_cast<T>(im);
      }
}

template <class T>
void plain_stft_backward(const StftShape& s, const T* dy, const T* window, T* dx) {
  UnitCircle circle(s.n_fft);
  for (i64 i = 0; i < s.count * s.samples; ++i) dx[i] = 0;
  for (i64 b = 0; b < s.count; ++b)
    for (i64 f = 0; f < s.frames; ++f)
      for (i64 j = 0; j < s.n_fft; ++j) {
        double sum = 0;
        for (i64 k = 0; k < s.bins(); ++k) {
          const T* bin = dy + ((b * s.frames + f) * s.bins() + k) * 2;
          auto angle = static_cast<std::size_t>(j * k % s.n_fft);
          sum += bin[0] * circle.cos[angle] - bin[1] * circle.sin[angle];
        }
        dx[b * s.samples + f * s.hop + j] += static_cast<T>(window[j] * sum);
      }
}

// x[j] = 1/n (Re y_0 + Σ_{0<k<n/2} 2 Re(y_k e^(2πi jk/n)) + Re(y_{n/2}) (−1)^j for even n)
template <class T>
void plain_irfft(i64 count, i64 n, const T* y, T* x) {
  UnitCircle circle(n);
  i64 bins = n / 2 + 1;
  for (i64 b = 0; b < count; ++b)
    for (i64 j = 0; j < n; ++j) {
      double sum = 0;
      for (i64 k = 0; k < bins; ++k) {
        const T* bin = y + (b * bins + k) * 2;
        bool is_own_mirror = k == 0 || 2 * k == n;
        auto angle = static_cast<std::size_t>(j * k % n);
        double part = bin[0] * circle.cos[angle] - bin[1] * circle.sin[angle];
        sum += is_own_mirror ? bin[0] * circle.cos[angle] : 2 * part;
      }
      x[b * n + j] = static_cast<T>(sum / static_cast<double>(n));
    }
}

}  // namespace

void CpuBackend::stft(const StftShape& s, Dtype dtype, const void* x, const void* window, void* y) {
  if (dtype == Dtype::f64)
    return plain_stft(s, static_cast<const double*>(x), static_cast<const double*>(window),
                      static_cast<double*>(y));
  check(dtype == Dtype::f32, "stft", "works on f32 and f64, not {}", name_of(dtype));
  plain_stft(s, static_cast<const float*>(x), static_cast<const float*>(window),
             static_cast<float*>(y));
}

void CpuBackend::stft_backward(const StftShape& s, Dtype dtype, const void* dy, const void* window,
                               void* dx) {
  if (dtype == Dtype::f64)
    return plain_stft_backward(s, static_cast<const double*>(dy),
                               static_cast<const double*>(window), static_cast<double*>(dx));
  check(dtype == Dtype::f32, "stft_backward", "works on f32 and f64, not {}", name_of(dtype));
  plain_stft_backward(s, static_cast<const float*>(dy), static_cast<const float*>(window),
                      static_cast<float*>(dx));
}

void CpuBackend::irfft(Dtype dtype, i64 count, i64 n, const void* y, void* x) {
  if (dtype == Dtype::f64)
    return plain_irfft(count, n, static_cast<const double*>(y), static_cast<double*>(x));
  check(dtype == Dtype::f32, "irfft", "works on f32 and f64, not {}", name_of(dtype));
  plain_irfft(count, n, static_cast<const float*>(y), static_cast<float*>(x));
}

}  // namespace melgrad
