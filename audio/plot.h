#pragma once
#include <string>
#include <vector>

#include "audio/picture.h"

namespace melgrad {

/// Pictures u8 (height, width, 3) for people to look at; save_png() writes them.

/// RGB (3, height, width) in [0, 1] as bytes.
Tensor to_bytes(const Tensor& rgb);

/// What a picture's axes are labelled with.
struct PlotAxes {
  double seconds = 0;      // width of the horizontal axis; 0: no ticks
  double sample_rate = 0;  // the vertical axis ends at half of it; 0: no ticks
  FrequencyAxis axis = FrequencyAxis::log;
  std::string title;
};
/// The picture on white ground, with ticks in Hz on the left and seconds below.
Tensor with_axes(const Tensor& rgb, const PlotAxes& axes);

/// The smallest and largest sample of each column as a vertical stroke: x (samples) in [−1, 1].
Tensor waveform_picture(const Tensor& x, i64 height, i64 width);
/// |X| in dB of the whole clip x (samples), from 0 to half the sampling rate on a linear axis,
/// the highest 80 dB.
Tensor spectrum_picture(const Tensor& x, i64 height, i64 width);
/// Rows of a feature (rows, frames) as they are, row 0 at the bottom, nearest neighbour.
Tensor feature_picture(const Tensor& feature, i64 height, i64 width, Colours colours = specshow);

/// The mean of features (rows, frames) frame by frame, over those that reach so far: study C's
/// average genre.
Tensor average_feature(const std::vector<Tensor>& features);

}  // namespace melgrad
