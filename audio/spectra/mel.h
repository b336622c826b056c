#pragma once
#include <optional>
#include <vector>

#include "audio/spectra/stft.h"

namespace melgrad {

/// librosa.filters.mel's parameters, names and defaults.
struct MelOptions {
  double sr = 22050;  // Hz
  i64 n_mels = 128;
  double fmin = 0;                  // Hz
  std::optional<double> fmax = {};  // Hz; sr/2
  bool htk = false;                 // m = 2595 log10(1 + f/700) in place of Slaney's scale
  /// Each band has unit area (Slaney's); else its peak is 1.
  bool slaney_norm = true;
};

/// Slaney's Auditory Toolbox: linear below 1000 Hz (3 mel = 200 Hz), then 27 mel a factor of 6.4.
double hz_to_mel(double hz, bool htk = false);
double mel_to_hz(double mel, bool htk = false);
/// n frequencies in Hz, equally far apart in mel, from fmin to fmax.
std::vector<double> mel_frequencies(i64 n, double fmin, double fmax, bool htk = false);

/// Triangles W (n_mels, n_fft/2 + 1): up from frequency m to m + 1, down to m + 2.
Tensor mel_filters(i64 n_fft, const MelOptions& options, Dtype dtype = Dtype::f32);
/// S (…, bins, frames) -> W S (…, n_mels, frames)
Tensor mel_product(const Tensor& spectrogram, const MelOptions& options);
/// mel_product(spectrogram(x, stft, power)):  x (…, samples) -> (…, n_mels, frames)
Tensor melspectrogram(const Tensor& x, const MelOptions& mel = {}, const StftOptions& stft = {},
                      double power = 2);

/// From the powers of many bands to those of a few: W (few, many) f64 with the smallest
/// |W F_many − F_few|, the filters of both on bins of n_fft samples. Throws Error where the filters of
/// `many` depend on each other: bands that are narrower than a bin may have none to themselves.
Tensor mel_conversion(i64 n_fft, const MelOptions& many, const MelOptions& few);

}  // namespace melgrad
