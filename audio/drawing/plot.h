#pragma once
#include <string>
#include <vector>

#include "audio/drawing/ticks.h"

namespace melgrad {

/// Pictures for people to look at, u8 (height, width, 3), which save_png() writes.

/// RGB (3, height, width) in [0, 1] as bytes.
Tensor to_bytes(const Tensor& rgb);

struct PlotAxes {
  std::string title;
  Ticks below, left;
};
/// The picture u8 (height, width, 3) on white ground, with ticks.
Tensor with_axes(const Tensor& picture, const PlotAxes& axes);

/// The smallest and largest sample of each column as a vertical stroke: x (samples) in [−1, 1].
Tensor waveform_picture(const Tensor& x, i64 height, i64 width);
/// |X| in dB of the whole clip x (samples), from 0 to half the sampling rate on a linear axis,
/// the highest 80 dB.
Tensor spectrum_picture(const Tensor& x, i64 height, i64 width);
/// RGB (3, height, width) in [0, 1] of a feature (rows, frames): rows as they are, row 0 at the bottom, nearest neighbour.
Tensor feature_picture(const Tensor& feature, i64 height, i64 width, Colours colours = specshow);

/// The mean of features (rows, frames) frame by frame, over those that reach so far: study C's
/// average genre.
Tensor average_feature(const std::vector<Tensor>& features);

}  // namespace melgrad
