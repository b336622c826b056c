#include "audio/spectra/descriptors.h"

#include <cmath>
#include <limits>

#include "audio/finite.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

void check_spectrogram(const Tensor& s, double sr, std::string_view op) {
  check(s.rank() >= 2 && s.dim(-2) >= 2, op, "needs (…, bins, frames): {}", s);
  check(sr > 0, op, "the sampling rate must be positive, not {}", sr);
  check(s.numel() == 0 || min(s).item() >= 0, op, "magnitudes must not be negative: {}", s);
}

/// Hz from one bin to the next.
double bin_width(const Tensor& s, double sr, std::optional<i64> n_fft, std::string_view op) {
  i64 samples = n_fft.value_or(2 * (s.dim(-2) - 1));
  check(samples / 2 + 1 == s.dim(-2), op, "n_fft {} does not give these bins: {}", samples, s);
  return sr / static_cast<double>(samples);
}

/// f_k in Hz (bins, 1)
Tensor frequencies(const Tensor& s, double width) {
  return (arange(s.dim(-2), s.dtype()) * width).unsqueeze(1);
}

/// S / Σ_k S; a frame of silence stays as it is.
Tensor shares(const Tensor& s) {
  Tensor total = sum(s, {-2}, true);
  double tiny = s.dtype() == Dtype::f64 ? std::numeric_limits<double>::min()
                                        : std::numeric_limits<float>::min();
  return s / where(total < tiny, scalar(1, s.dtype()), total);
}

/// Calls f(frame, samples of the frame) for every frame of every row of x.
template <class T, class F>
void each_frame(const Tensor& x, const FrameOptions& options, i64 frames, F f) {
  i64 samples = x.dim(-1);
  for (i64 row = 0; row < x.numel() / samples; ++row)
    for (i64 t = 0; t < frames; ++t)
      f(row * frames + t, x.data<T>() + row * samples + t * options.hop_length);
}

/// Pads x, frames it, and makes (…, 1, frames) of what `of_frame` returns.
template <class OfFrame>
Tensor by_frame(const Tensor& x, const FrameOptions& options, PadMode mode, std::string_view op,
                OfFrame of_frame) {
  check(x.rank() >= 1, op, "needs samples: {}", x);
  check_finite(x, op);
  StftOptions framing{
      .n_fft = options.frame_length, .hop_length = options.hop_length, .center = options.center};
  i64 frames = framing.frames(x.dim(-1));
  Tensor padded = options.center ? pad_signal(x, options.frame_length / 2, mode) : x;
  padded = padded.contiguous();
  Shape shape = x.shape();
  shape[-1] = 1;
  shape.push_back(frames);
  Tensor y = empty(shape, x.dtype());
  auto run = [&](auto zero) {
    using T = decltype(zero);
    each_frame<T>(padded, options, frames, [&](i64 at, const T* frame) {
      y.data<T>()[at] = static_cast<T>(of_frame(frame, options.frame_length));
    });
  };
  x.dtype() == Dtype::f64 ? run(double{}) : run(float{});
  return y;
}

}  // namespace

Tensor spectral_centroid(const Tensor& s, double sr, std::optional<i64> n_fft) {
  constexpr std::string_view op = "spectral_centroid";
  check_spectrogram(s, sr, op);
  return sum(frequencies(s, bin_width(s, sr, n_fft, op)) * shares(s), {-2}, true);
}

Tensor spectral_bandwidth(const Tensor& s, double sr, double p, std::optional<i64> n_fft) {
  constexpr std::string_view op = "spectral_bandwidth";
  check(p > 0, op, "p must be positive, not {}", p);
  Tensor centroid = spectral_centroid(s, sr, n_fft);
  Tensor distance = abs(frequencies(s, bin_width(s, sr, n_fft, op)) - centroid);
  return pow(sum(shares(s) * pow(distance, p), {-2}, true), 1 / p);
}

Tensor spectral_rolloff(const Tensor& s, double sr, double roll_percent, std::optional<i64> n_fft) {
  constexpr std::string_view op = "spectral_rolloff";
  check_spectrogram(s, sr, op);
  check(roll_percent > 0 && roll_percent < 1, op, "roll_percent must lie between 0 and 1, not {}",
        roll_percent);
  double width = bin_width(s, sr, n_fft, op);
  Tensor rows = s.transpose(-2, -1).contiguous();  // (…, frames, bins)
  i64 bins = rows.dim(-1);
  Shape shape = s.shape();
  shape[-2] = 1;
  Tensor y = empty(shape, s.dtype());
  auto run = [&](auto zero) {
    using T = decltype(zero);
    for (i64 t = 0; t < y.numel(); ++t) {
      const T* row = rows.data<T>() + t * bins;
      T total = 0, below = 0;
      for (i64 k = 0; k < bins; ++k) total += row[k];
      i64 first = 0;
      for (; first < bins - 1; ++first) {
        below += row[first];
        if (below >= static_cast<T>(roll_percent) * total) break;
      }
      y.data<T>()[t] = static_cast<T>(static_cast<double>(first) * width);
    }
  };
  s.dtype() == Dtype::f64 ? run(double{}) : run(float{});
  return y;
}

Tensor spectral_flatness(const Tensor& s, double power, double amin) {
  check_spectrogram(s, 1, "spectral_flatness");
  check(amin > 0, "spectral_flatness", "amin must be positive, not {}", amin);
  Tensor raised = power == 2 ? square(s) : pow(s, power);
  Tensor p = clamp(raised, amin, std::numeric_limits<double>::infinity());
  return exp(mean(log(p), {-2}, true)) / mean(p, {-2}, true);
}

Tensor zero_crossing_rate(const Tensor& x, const FrameOptions& options) {
  return by_frame(x, options, PadMode::edge, "zero_crossing_rate",
                  [](const auto* frame, i64 length) {
                    i64 crossings = 0;
                    for (i64 j = 1; j < length; ++j)
                      crossings += (frame[j] < -1e-10) != (frame[j - 1] < -1e-10);
                    return static_cast<double>(crossings) / static_cast<double>(length);
                  });
}

Tensor rms(const Tensor& x, const FrameOptions& options) {
  return by_frame(x, options, PadMode::constant, "rms", [](const auto* frame, i64 length) {
    double sum = 0;
    for (i64 j = 0; j < length; ++j) sum += static_cast<double>(frame[j]) * frame[j];
    return std::sqrt(sum / static_cast<double>(length));
  });
}

}  // namespace melgrad
