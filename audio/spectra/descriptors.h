#pragma once
#include "audio/spectra/stft.h"

namespace melgrad {

/// One number a frame, by librosa's definitions. S is a magnitude spectrogram (…, bins, frames), as
/// spectrogram(x, options, 1) gives it, with bins from 0 to sr/2 Hz; results are (…, 1, frames).
/// Throw Error on negative values in S.

/// Σ_k f_k Ŝ_k in Hz, Ŝ = S / Σ S; 0 for silence.
Tensor spectral_centroid(const Tensor& s, double sr);
/// (Σ_k Ŝ_k |f_k − centroid|^p)^(1/p) in Hz
Tensor spectral_bandwidth(const Tensor& s, double sr, double p = 2);
/// The lowest frequency below which lies `roll_percent` (0 … 1) of Σ S, in Hz.
Tensor spectral_rolloff(const Tensor& s, double sr, double roll_percent = .85);
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
