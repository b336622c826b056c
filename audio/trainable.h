#pragma once
#include "audio/spectra/decibel.h"
#include "audio/spectra/mel.h"
#include "autograd/functions.h"

/// The front end as part of a net: the same stages on Variables, so that gradients reach the
/// samples, or filters and windows that are parameters.
namespace melgrad {

/// x (…, samples) -> |STFT|^2 (…, frames, bins). `window` (n_fft) in place of options.window if
/// defined.
Variable power_spectrogram(const Variable& x, const StftOptions& options,
                           const Variable& window = {});
/// P (…, frames, bins), filters (n_mels, bins) -> (…, frames, n_mels)
Variable mel_product(const Variable& power, const Variable& filters);
/// 10 log10(max(S, amin)): no reference, no top_db. The derivative is 0 where S < amin.
Variable power_to_db(const Variable& power, double amin = 1e-10);

}  // namespace melgrad
