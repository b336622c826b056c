#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "audio/synth/dice.h"

namespace melgrad::synth {

/// One instrument's sound: notes are added to it, effects run over it, a mix adds tracks up.
struct Track {
  std::vector<float> x;
  float sample_rate;

  Track(double seconds, double rate)
      : x(static_cast<std::size_t>(seconds * rate)), sample_rate(static_cast<float>(rate)) {}
  double seconds() const { return static_cast<double>(x.size()) / sample_rate; }
  /// The sample at a time, within the track.
  std::size_t at(double time) const {
    double sample = std::max(0., time) * sample_rate;
    return std::min(x.size(), static_cast<std::size_t>(sample));
  }
  void add(const Track& other, double gain) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += static_cast<float>(gain) * other.x[i];
  }
};

struct Note {
  double start, length;  // seconds
  double pitch;          // MIDI: 69 is 440 Hz, 12 an octave
  double loudness = 1;
};

inline double hz_of(double pitch) { return 440 * std::exp2((pitch - 69) / 12); }

}  // namespace melgrad::synth
