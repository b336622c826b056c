#include <numbers>

#include "audio/synth/drums.h"
#include "audio/synth/effects.h"
#include "audio/synth/genres.h"
#include "audio/synth/instruments.h"

namespace melgrad::synth {
namespace {

struct Piece {
  double beat;
  double rubato;  // how far the tempo swells, as part of it
  int key, beats_in_bar;
  Scale scale;
  std::vector<int> steps;
  int bars;

  int step(int bar) const { return steps[static_cast<std::size_t>(bar) % steps.size()]; }
  double time(int bar, double beat_in_bar) const {
    double beats = beats_in_bar * bar + beat_in_bar;
    return beat * (beats + rubato * std::sin(beats * .7));
  }
};

Piece make_piece(double seconds, Dice& dice) {
  static const std::array<std::vector<int>, 6> progressions = {{{0, 3, 4, 0},
                                                                {0, 4, 5, 2, 3, 0, 3, 4},
                                                                {0, 5, 3, 4},
                                                                {0, 4, 0, 4},
                                                                {0, 1, 4, 0},
                                                                {5, 1, 4, 0}}};
  Piece piece;
  piece.beat = 60 / dice.uniform(50, 170);
  piece.rubato = dice.uniform(0, .3);
  piece.key = dice.integer(48, 59);
  piece.beats_in_bar = dice.chance(.6) ? 4 : 3;
  piece.scale = dice.chance(.6) ? major_scale : minor_scale;
  piece.steps = dice.pick(progressions);
  piece.bars = static_cast<int>(seconds / (piece.beats_in_bar * piece.beat)) + 2;
  return piece;
}

/// A player of one of the solo instruments: struck or bowed tones, or plucked strings.
struct Player {
  bool plucked = false;
  Timbre timbre{};
  String string{};
  void operator()(Track& track, const Note& note, Dice& dice) const {
    if (plucked)
      pluck(track, note, string, dice);
    else
      play(track, note, timbre, dice);
  }
};

Player keyboard_or_guitar(Dice& dice) {
  Player player;
  player.plucked = dice.chance(.35);  // harpsichord, lute, guitar, harp
  player.timbre = dice.chance(.15) ? organ(dice) : piano(dice);
  player.string = {.brightness = static_cast<float>(dice.uniform(.3, .95)),
                   .sustain = static_cast<float>(dice.uniform(1, 3))};
  return player;
}

void melody(Track& track, const Piece& piece, const Player& player, int lowest, Dice& dice) {
  int step = lowest + dice.integer(3, 6);
  double busy = dice.uniform(.1, .7);
  for (int bar = 0; bar < piece.bars; ++bar)
    for (double at = 0; at < piece.beats_in_bar;) {
      double length = dice.chance(busy) ? dice.pick(std::array{.25, .5}) : dice.integer(1, 2);
      step = std::clamp(step + dice.integer(-2, 2), lowest, lowest + 10);
      double time = piece.time(bar, at);
      player(track,
             {time, piece.time(bar, at + length) - time + .05,
              piece.key + 0. + semitones(piece.scale, step), dice.uniform(.6, 1)},
             dice);
      at += length;
    }
}

/// Broken chords: each beat divided in two, three or four (Alberti bass and its relatives).
void broken_chords(Track& track, const Piece& piece, const Player& player, Dice& dice) {
  int division = dice.integer(1, 4);
  static constexpr std::array<std::array<int, 4>, 3> orders = {
      {{0, 2, 1, 2}, {0, 1, 2, 1}, {0, 1, 2, 3}}};
  auto order = dice.pick(orders);
  for (int bar = 0; bar < piece.bars; ++bar) {
    Chord chord = chord_on(piece.scale, piece.step(bar), 3);
    chord.push_back(chord[0] + 12);
    for (int i = 0; i < piece.beats_in_bar * division; ++i) {
      double time = piece.time(bar, static_cast<double>(i) / division);
      int semitone = chord[static_cast<std::size_t>(order[static_cast<std::size_t>(i % 4)])];
      player(track,
             {time, piece.beat * dice.uniform(.8, 2), piece.key - 12. + semitone,
              i == 0 ? .8 : dice.uniform(.4, .6)},
             dice);
    }
  }
}

/// Held chords of `voices` instruments of one kind, which change each bar or half bar.
void held_chords(Track& track, const Piece& piece, const Timbre& timbre, int octave, Dice& dice) {
  int changes = dice.integer(1, 2);
  for (int bar = 0; bar < piece.bars; ++bar)
    for (int i = 0; i < changes; ++i) {
      double at = piece.beats_in_bar * static_cast<double>(i) / changes;
      double time = piece.time(bar, at);
      double length = piece.beat * piece.beats_in_bar / changes + .1;
      for (int semitone : chord_on(piece.scale, piece.step(bar), 3))
        play(track, {time, length, piece.key + 12. * octave + semitone, .5}, timbre, dice);
    }
}

void orchestra(Track& track, const Piece& piece, Dice& dice) {
  bool tutti = dice.chance(.5);
  held_chords(track, piece, bowed_strings(dice), 0, dice);
  melody(track, piece, {.timbre = bowed_strings(dice)}, 7, dice);
  if (dice.chance(.5)) melody(track, piece, {.timbre = flute(dice)}, 12, dice);
  if (dice.chance(.4)) melody(track, piece, {.timbre = reed(dice)}, 5, dice);
  if (tutti) held_chords(track, piece, brass(dice), 0, dice);
  if (dice.chance(.2)) held_chords(track, piece, choir(dice), 1, dice);
  Kit kit = acoustic_kit(dice);
  for (int bar = 0; tutti && bar < piece.bars; ++bar) {
    timpani(track, piece.time(bar, 0), piece.key - 12. + semitones(piece.scale, piece.step(bar)),
            dice.uniform(.5, 1.5), dice);
    if (dice.chance(.2)) cymbal(track, piece.time(bar, 0), dice.uniform(.3, 1), kit, dice);
    if (dice.chance(.2))  // a roll
      for (int i = 0; i < 16; ++i)
        timpani(track, piece.time(bar, piece.beats_in_bar - 1 + i / 16.), piece.key - 12., .4,
                dice);
  }
}

void quartet(Track& track, const Piece& piece, Dice& dice) {
  for (int lowest : {-4, 2, 6, 10})
    melody(track, piece, {.timbre = bowed_strings(dice)}, lowest, dice);
}

void soloist(Track& track, const Piece& piece, Dice& dice) {
  Player player = keyboard_or_guitar(dice);
  broken_chords(track, piece, player, dice);
  if (dice.chance(.8)) melody(track, piece, player, 7, dice);
}

/// The slow rise and fall of an orchestra's loudness.
void swell(Track& track, Dice& dice) {
  double depth = dice.uniform(0, .8), hz = dice.uniform(.05, .25);
  double phase = dice.uniform(0, 2 * std::numbers::pi);
  for (std::size_t i = 0; i < track.x.size(); ++i) {
    double time = static_cast<double>(i) / track.sample_rate;
    double gain = 1 + depth * std::sin(2 * std::numbers::pi * hz * time + phase);
    track.x[i] *= static_cast<float>(gain);
  }
}

}  // namespace

Track classical(double seconds, double rate, Dice& dice) {
  Piece piece = make_piece(seconds, dice);
  Track mix(seconds, rate);
  int kind = dice.integer(0, 9);
  if (kind <= 3)
    orchestra(mix, piece, dice);
  else if (kind <= 5)
    quartet(mix, piece, dice);
  else if (kind <= 8)
    soloist(mix, piece, dice);
  else
    held_chords(mix, piece, dice.chance(.5) ? choir(dice) : organ(dice), 0, dice);
  swell(mix, dice);
  set_loudness(mix, .1);
  double wet = dice.uniform(.1, .5);
  reverb(mix, dice.uniform(.6, 3), wet);
  return mix;
}

}  // namespace melgrad::synth
