#pragma once
#include "tensor/tensor.h"

namespace melgrad {

/// Decibels as a grey picture, study B's: of each frame by itself the smallest value becomes 0 and the
/// largest 1, all of a frame that is constant 0; in 255 steps.
struct ScaledFrames {
  int jpeg_quality = 0;       // through JPEG and back, as three equal channels; 0: not
  i64 rows = 0, columns = 0;  // resized to so many after that, by nearest neighbour; 0: as they are
};

/// (bands, frames) dB -> (rows, columns), each a whole number of 255ths in f32. The lowest band stays
/// in row 0. Throws Error on a quality above 100, a size below 0, and values that are not finite.
Tensor scaled_frames(const Tensor& decibels, const ScaledFrames& how);

}  // namespace melgrad
