#pragma once
#include "audio/synth/track.h"

namespace melgrad::synth {

/// A tone as a sum of partials p = 1, 2 … at p f √(1 + B p²), each fading at its own rate.
struct Timbre {
  static constexpr int most_partials = 16;
  std::array<float, most_partials> level{};
  float attack = .005F, release = .05F;     // seconds
  float decay = 0, decay_per_partial = 0;   // 1/seconds
  float inharmonicity = 0;                  // B
  float vibrato_hz = 0, vibrato_depth = 0;  // depth as part of the frequency
  float breath = 0;                         // noise, as part of the loudness
};

/// Each draws its details (brightness, attack, vibrato …) from the dice.
Timbre piano(Dice&);
Timbre electric_piano(Dice&);
Timbre vibraphone(Dice&);
Timbre bowed_strings(Dice&);
Timbre flute(Dice&);
Timbre reed(Dice&);  // saxophone, clarinet, oboe
Timbre brass(Dice&);
Timbre organ(Dice&);
Timbre choir(Dice&);

void play(Track&, const Note&, const Timbre&, Dice&);

/// Karplus & Strong 1983: noise circulates in a delay line one period long, through a low pass.
struct String {
  float brightness = .5F;  // of the pluck, 0 … 1
  float sustain = 1;       // seconds until −60 dB, of a note at 110 Hz
};
void pluck(Track&, const Note&, const String&, Dice&);

/// Sawtooth or square waves, slightly out of tune with each other, through a low pass whose cutoff
/// falls from `cutoff · (1 + sweep)` to `cutoff`.
struct Oscillators {
  int voices = 2;
  float detune = .004F;
  bool square = false;
  float cutoff = 1500, sweep = 2, sweep_seconds = .15F;  // Hz; of the cutoff; e-folding time
  float resonance = .3F;                                 // 0 … .95
  float attack = .003F, release = .05F;
};
void play(Track&, const Note&, const Oscillators&, Dice&);

}  // namespace melgrad::synth
