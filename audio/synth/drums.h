#pragma once
#include "audio/synth/track.h"

namespace melgrad::synth {

/// One kit: how its drums are tuned and damped, drawn once a clip.
struct Kit {
  float kick_hz, kick_click, kick_seconds;
  float snare_hz, snare_seconds, snare_noise;
  float hat_seconds, cymbal_seconds, brightness;
};
Kit acoustic_kit(Dice&);
Kit electronic_kit(Dice&);
Kit metal_kit(Dice&);

void kick(Track&, double time, double loudness, const Kit&, Dice&);
void snare(Track&, double time, double loudness, const Kit&, Dice&);
void hat(Track&, double time, double loudness, const Kit&, Dice&);
void open_hat(Track&, double time, double loudness, const Kit&, Dice&);
void cymbal(Track&, double time, double loudness, const Kit&, Dice&);
void ride(Track&, double time, double loudness, const Kit&, Dice&);
void clap(Track&, double time, double loudness, const Kit&, Dice&);
/// A brush swept over the snare for `length` seconds.
void brush(Track&, double time, double length, double loudness, Dice&);
void timpani(Track&, double time, double pitch, double loudness, Dice&);

}  // namespace melgrad::synth
