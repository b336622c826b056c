#pragma once
#include "audio/spectra/stft.h"

namespace melgrad {

/// One number a frame, by librosa's definitions. S is a magnitude spectrogram (…, bins, frames), as
/// spectrogram(x, options, 1) gives it, with bin k at f_k = k·sr/n_fft Hz; without n_fft it is even,
/// 2·(bins − 1). Results are (…, 1, frames). Throw Error on negative values in S, and where n_fft
/// gives another number of bins.

/// Σ_k f_k Ŝ_k in Hz, Ŝ = S / Σ S; 0 for silence.
Tensor spectral_centroid(const Tensor& s, double sr, std::optional<i64> n_fft = {});
/// (Σ_k Ŝ_k |f_k − centroid|^p)^(1/p) in Hz
Tensor spectral_bandwidth(const Tensor& s, double sr, double p = 2, std::optional<i64> n_fft = {});
/// The lowest frequency below which lies `roll_percent` (0 … 1) of Σ S, in Hz.
Tensor spectral_rolloff(const Tensor& s, double sr, double roll_percent = .85,
                        std::optional<i64> n_fft = {});
/// Geometric mean over arithmetic mean of max(S^power, amin): 1 for white noise.
Tensor spectral_flatness(const Tensor& s, double power = 2, double amin = 1e-10);

struct FrameOptions {
  i64 frame_length = 2048, hop_length = 512;
  bool center = true;
};
/// The share of neighbouring samples with different signs; |x| ≤ 1e-10 counts as 0, which is
/// positive. Padded with the edge values. x (…, samples) -> (…, 1, frames)
Tensor zero_crossing_rate(const Tensor& x, const FrameOptions& options = {});
/// √(mean x²) of each frame, padded with zeros.  x (…, samples) -> (…, 1, frames)
Tensor rms(const Tensor& x, const FrameOptions& options = {});

}  // namespace melgrad
