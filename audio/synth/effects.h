#pragma once
#include "audio/synth/track.h"

namespace melgrad::synth {

/// One pole, −6 dB an octave above (below) `hz`.
void low_pass(Track&, double hz);
void high_pass(Track&, double hz);
/// Raises what lies above `hz` by `db`, gradually over two octaves.
void high_shelf(Track&, double hz, double db);
/// tanh(drive x), then a loudspeaker cabinet: little below 90 Hz and above `cabinet_hz`.
void distort(Track&, double drive, double cabinet_hz);
/// Schroeder 1962: four comb filters side by side, two all-passes after them.
void reverb(Track&, double seconds, double wet);
void echo(Track&, double seconds, double feedback, double wet);
void vinyl_crackle(Track&, double loudness, Dice&);
/// Scales to a root mean square of `level`; silence stays silence.
void set_loudness(Track&, double level);

}  // namespace melgrad::synth
