#pragma once
#include "tensor/tensor.h"

namespace melgrad {

/// Resamples the last axis, ⌈samples · to / from⌉ long afterwards, by libsoxr in its high quality
/// (what librosa.resample does by default). x (…, samples) f32 or f64. Throws Error on rates ≤ 0.
Tensor resample(const Tensor& x, double from, double to);

}  // namespace melgrad
