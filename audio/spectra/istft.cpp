#include <cmath>
#include <numbers>

#include "audio/spectra/stft.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

/// Σ_t w[s − t·hop]², with 1 where it is too small to divide by.
template <class T>
Tensor squared_window_sum(const Tensor& window, i64 frames, i64 hop) {
  i64 n = window.dim(0);
  Tensor sum = zeros({n + hop * (frames - 1)}, window.dtype());
  const T* w = window.data<T>();
  T* total = sum.data<T>();
  for (i64 t = 0; t < frames; ++t)
    for (i64 j = 0; j < n; ++j) total[t * hop + j] += w[j] * w[j];
  for (i64 s = 0; s < sum.numel(); ++s)
    if (total[s] <= std::numeric_limits<T>::min()) total[s] = 1;
  return sum;
}

// irfft(X)[j] = 1/n Σ_k c_k (re_k cos(2πjk/n) − im_k sin(2πjk/n)),  c = 1 for bin 0 and the bin n/2
// of an even n, which have no mirror image, else 2. So the sum of the windowed frames is the
// transpose of stft, applied to c/n X.
Tensor mirror_weights(i64 n, Dtype dtype) {
  Tensor c = full({n / 2 + 1, 1}, 2. / static_cast<double>(n), dtype);
  c.slice(0, 0, 1).fill_(1. / static_cast<double>(n));
  if (n % 2 == 0) c.slice(0, n / 2, n / 2 + 1).fill_(1. / static_cast<double>(n));
  return c;
}

}  // namespace

Tensor istft(const Tensor& stft, const StftOptions& options, std::optional<i64> length) {
  check(stft.rank() >= 3 && stft.dim(-1) == 2 && stft.dim(-3) == options.bins(), "istft",
        "needs (…, {}, frames, 2) for n_fft {}: {}", options.bins(), options.n_fft, stft);
  i64 frames = stft.dim(-2), bins = options.bins();
  i64 trim = options.center ? options.n_fft / 2 : 0;
  i64 kept = length.value_or(options.n_fft + options.hop() * (frames - 1) - 2 * trim);
  check(frames >= 1 && kept >= 0, "istft", "no frames, or a negative length: {}", stft);
  // Frames past the wanted length would only take part in the division by the windows' sum.
  if (length) frames = std::min(frames, (*length + 2 * trim + options.hop() - 1) / options.hop());
  Tensor used = stft.slice(-2, 0, frames).transpose(-3, -2);
  i64 count = used.numel() / (frames * bins * 2);
  Tensor window = stft_window(options, stft.dtype()).to(stft.device());
  i64 samples = options.n_fft + options.hop() * (frames - 1);
  Tensor scaled = used.reshape({count, frames, bins, 2}) *
                  mirror_weights(options.n_fft, stft.dtype()).to(stft.device());
  Tensor sum = stft_backward(scaled.contiguous(), window, options.hop(), samples);
  Tensor host_window = window.to(Device::cpu());
  Tensor divisor = stft.dtype() == Dtype::f64
                       ? squared_window_sum<double>(host_window, frames, options.hop())
                       : squared_window_sum<float>(host_window, frames, options.hop());
  Tensor signal = (sum / divisor.to(stft.device())).slice(1, trim, trim + kept);
  if (signal.dim(1) < kept) signal = pad(signal, {0, 0}, {0, kept - signal.dim(1)});
  Shape shape = stft.shape();
  for (int axis = 0; axis < 3; ++axis) shape.erase(-1);
  shape.push_back(kept);
  return signal.reshape(shape);
}

Tensor griffin_lim(const Tensor& magnitude, const StftOptions& options,
                   const GriffinLimOptions& griffin_lim, std::optional<i64> length) {
  check(magnitude.rank() >= 2 && magnitude.dim(-2) == options.bins(), "griffin_lim",
        "needs (…, {}, frames) for n_fft {}: {}", options.bins(), options.n_fft, magnitude);
  Generator generator(griffin_lim.seed);
  Tensor phase = rand(magnitude.shape(), generator, 0, 2 * std::numbers::pi, magnitude.dtype());
  Tensor size = magnitude.unsqueeze(-1);
  Tensor spectrum = stack({cos(phase), sin(phase)}, -1) * size;
  double weight = griffin_lim.momentum / (1 + griffin_lim.momentum);
  constexpr double tiny = std::numeric_limits<float>::min();
  Tensor before;
  for (int i = 0; i < griffin_lim.iterations; ++i) {
    Tensor rebuilt = stft(istft(spectrum, options, length), options);
    Tensor ahead = before.defined() ? rebuilt - before * weight : rebuilt;
    Tensor modulus = sqrt(sum(ahead * ahead, {-1}, true)) + tiny;
    spectrum = ahead / modulus * size;
    before = rebuilt;
  }
  return istft(spectrum, options, length);
}

}  // namespace melgrad
