#pragma once
#include "audio/spectra/decibel.h"
#include "audio/spectra/mel.h"

namespace melgrad {

/// The discrete cosine transform's matrix (n, length) of types 1, 2 and 3, as scipy.fft.dct scales
/// it; orthonormal: its rows have length 1.
Tensor dct_matrix(int type, i64 n, i64 length, bool orthonormal, Dtype dtype = Dtype::f32);

/// librosa.feature.mfcc's parameters, names and defaults.
struct MfccOptions {
  i64 n_mfcc = 20;
  int dct_type = 2;
  bool orthonormal = true;
  double lifter = 0;  // > 0: coefficient k times 1 + lifter/2 sin(π (k + 1)/lifter)
};

/// M = D S:  log-mel S (…, n_mels, frames) in dB -> (…, n_mfcc, frames)
Tensor mfcc(const Tensor& log_mel, const MfccOptions& options = {});
/// power_to_db(melspectrogram(x)), then the above:  x (…, samples) -> (…, n_mfcc, frames)
Tensor mfcc(const Tensor& x, const MfccOptions& options, const MelOptions& mel,
            const StftOptions& stft, const DecibelOptions& decibel = {});

/// What stands beyond the ends of a feature in delta(). interp: the polynomial of the first (last)
/// full window, whose derivative of its own order is the same everywhere in it.
enum class DeltaEdge : u8 { interp, nearest };

/// The order-th derivative by frame of the polynomial of degree `order` that fits best to `width`
/// values around each (Savitzky & Golay 1964), along the last axis. width odd, ≥ 3 and > order.
Tensor delta(const Tensor& x, i64 width = 9, i64 order = 1, DeltaEdge edge = DeltaEdge::interp);

}  // namespace melgrad
