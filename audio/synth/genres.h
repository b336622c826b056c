#pragma once
#include <array>
#include <vector>

#include "audio/synth/track.h"

namespace melgrad::synth {

/// Plays `seconds` of a piece made up from the dice, before mastering (synth.cpp).
Track classical(double seconds, double rate, Dice&);
Track jazz(double seconds, double rate, Dice&);
Track metal(double seconds, double rate, Dice&);
Track techno(double seconds, double rate, Dice&);

/// A chord: semitones above the key's tonic, the root first.
using Chord = std::vector<int>;
/// Semitones of the scales' seven steps.
inline constexpr std::array major_scale = {0, 2, 4, 5, 7, 9, 11};
inline constexpr std::array minor_scale = {0, 2, 3, 5, 7, 8, 10};
using Scale = std::array<int, 7>;

/// Step of a scale as semitones above the tonic, beyond one octave and below zero, too.
int semitones(const Scale& scale, int step);
/// `size` notes in thirds on a step of the scale: 3 a triad, 4 a seventh chord, 5 a ninth.
Chord chord_on(const Scale& scale, int step, int size);

}  // namespace melgrad::synth
