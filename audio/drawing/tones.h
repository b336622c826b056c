#pragma once
#include <vector>

#include "audio/drawing/colour.h"

namespace melgrad {

/// How pure tones are drawn.
struct TonesPicture {
  double sample_rate = 22050;  // Hz
  i64 n_fft = 2048, hop = 512;
  i64 height = 256, width = 320;  // of each of the two pictures, pixels
  Colours colours = specshow;
};

/// Sines of `hz`, half a second each, one after the other: their spectrogram on a linear axis, and
/// beside it on a mel axis, each from 0 to a quarter above the highest tone, with the tones as marks:
/// u8 (height, width, 3). The mel scale is HTK's: Slaney's, which FrequencyAxis::mel draws, is linear
/// below 1000 Hz, where 100 and 200 Hz would be as far apart as 900 and 1000. Throws Error where
/// there is no tone, or one that does not lie between 0 and half the rate.
Tensor tones_picture(const std::vector<double>& hz, const TonesPicture& picture);

}  // namespace melgrad
