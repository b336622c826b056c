#include "audio/synth/genres.h"

namespace melgrad::synth {

int semitones(const Scale& scale, int step) {
  int octave = step >= 0 ? step / 7 : (step - 6) / 7;
  return 12 * octave + scale[static_cast<std::size_t>(step - 7 * octave)];
}

Chord chord_on(const Scale& scale, int step, int size) {
  Chord chord;
  for (int third = 0; third < size; ++third) chord.push_back(semitones(scale, step + 2 * third));
  return chord;
}

}  // namespace melgrad::synth
