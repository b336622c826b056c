#pragma once
#include <string>
#include <vector>

#include "audio/drawing/picture.h"
#include "audio/spectra/mel.h"

namespace melgrad {

/// The marks of an axis.
struct Ticks {
  struct Mark {
    double share;  // where: 0 the axis' beginning, 1 its end
    std::string label;
  };
  std::string unit;
  std::vector<Mark> marks;
};

/// Round numbers between the axis' ends, at most about `most` of them.
Ticks linear_ticks(const std::string& unit, double begin, double end, int most);
/// Hz on the vertical axis of spectrogram_picture().
Ticks frequency_ticks(double sample_rate, FrequencyAxis axis);
/// Hz where the bands of a mel-spectrogram are rows: a band stands for its triangle's peak.
Ticks mel_ticks(const MelOptions& mel);

}  // namespace melgrad
