#include "audio/synth/drums.h"
#include "audio/synth/effects.h"
#include "audio/synth/genres.h"
#include "audio/synth/instruments.h"

namespace melgrad::synth {
namespace {

struct Tune {
  double beat, swing;  // seconds; where the off-beat falls within a beat
  int key;             // MIDI pitch of the tonic
  Scale scale;
  std::vector<int> steps;  // a chord a bar
  int bars;

  const int& step(int bar) const { return steps[static_cast<std::size_t>(bar) % steps.size()]; }
  double time(int bar, double beat_in_bar) const {
    double whole = std::floor(beat_in_bar), part = beat_in_bar - whole;
    double swung = part < .5 ? part * 2 * swing : swing + (part - .5) * 2 * (1 - swing);
    return (4 * bar + whole + swung) * beat;
  }
};

Tune make_tune(double seconds, Dice& dice) {
  static const std::array<std::vector<int>, 6> progressions = {{{1, 4, 0, 0},
                                                                {0, 5, 1, 4},
                                                                {2, 5, 1, 4},
                                                                {0, 3, 0, 4},
                                                                {3, 6, 2, 5, 1, 4, 0, 0},
                                                                {0, 0, 3, 3}}};
  Tune tune;
  tune.beat = 60 / dice.uniform(70, 230);
  tune.swing = dice.chance(.2) ? .5 : dice.uniform(.58, .68);  // .5: bossa nova, or a ballad
  tune.key = dice.integer(48, 59);
  tune.scale = dice.chance(.65) ? major_scale : minor_scale;
  tune.steps = dice.pick(progressions);
  tune.bars = static_cast<int>(seconds / (4 * tune.beat)) + 1;
  return tune;
}

void walking_bass(Track& track, const Tune& tune, Dice& dice) {
  String string{.brightness = static_cast<float>(dice.uniform(.1, .35)), .sustain = 1.5F};
  int per_bar = dice.chance(.75) ? 4 : 2;
  for (int bar = 0; bar < tune.bars; ++bar)
    for (int i = 0; i < per_bar; ++i) {
      int offset = i == 0 ? 0 : dice.pick(std::array{2, 4, 6, 1, 3, -1});
      double pitch = tune.key - 12 + semitones(tune.scale, tune.step(bar) - 7 + offset) + 12;
      double length = 4. / per_bar * tune.beat;
      double time = tune.time(bar, 4. / per_bar * i);
      pluck(track, {time, length, pitch - (pitch > 52 ? 12 : 0), dice.uniform(.7, 1)}, string,
            dice);
    }
}

void drums(Track& track, const Tune& tune, Dice& dice) {
  Kit kit = acoustic_kit(dice);
  bool brushes = dice.chance(.45);
  double ride_level = dice.uniform(.15, .5);
  for (int bar = 0; bar < tune.bars; ++bar)
    for (int beat = 0; beat < 4; ++beat) {
      double time = tune.time(bar, beat);
      if (brushes) brush(track, time, tune.beat * .9, dice.uniform(.15, .35), dice);
      if (!brushes || dice.chance(.3)) ride(track, time, ride_level, kit, dice);
      if (beat % 2 == 1) {
        hat(track, time, .3, kit, dice);
        if (!brushes) ride(track, tune.time(bar, beat + .5), .7 * ride_level, kit, dice);
      }
      if (dice.chance(.25)) kick(track, time, dice.uniform(.2, .6), kit, dice);
      if (dice.chance(.15))
        snare(track, tune.time(bar, beat + .5), dice.uniform(.1, .5), kit, dice);
      if (dice.chance(.02)) cymbal(track, time, .4, kit, dice);
    }
}

void comping(Track& track, const Tune& tune, Dice& dice) {
  int kind = dice.integer(0, 4);
  Timbre timbre = kind == 0 ? electric_piano(dice) : kind == 1 ? organ(dice) : piano(dice);
  String string{.brightness = .35F, .sustain = 1.2F};
  double density = dice.uniform(.15, .5);
  for (int bar = 0; bar < tune.bars; ++bar)
    for (int half = 0; half < 8; ++half) {
      if (!(half == 0 && dice.chance(.6)) && !dice.chance(density)) continue;
      double length = tune.beat * dice.pick(std::array{.3, .8, 1.5, 2.5});
      for (int semitone : chord_on(tune.scale, tune.step(bar), dice.integer(4, 5))) {
        int shifted = semitone % 12 + (dice.chance(.3) ? 12 : 0);
        Note note{tune.time(bar, .5 * half), length, tune.key + shifted + 0., dice.uniform(.3, .5)};
        if (kind == 4)
          pluck(track, note, string, dice);
        else
          play(track, note, timbre, dice);
      }
    }
}

void solo(Track& track, const Tune& tune, Dice& dice) {
  int kind = dice.integer(0, 5);
  Timbre timbre = kind <= 1   ? reed(dice)
                  : kind == 2 ? brass(dice)
                  : kind == 3 ? vibraphone(dice)
                              : piano(dice);
  String string{.brightness = .5F, .sustain = 1};
  double busy = dice.uniform(.3, .95);
  int step = dice.integer(7, 12);
  for (int bar = 0; bar < tune.bars; ++bar)
    for (double at = 0; at < 4;) {
      double length = dice.chance(busy) ? .5 : dice.pick(std::array{1., 1.5, 2., .25});
      step = std::clamp(step + dice.integer(-2, 2), 4, 18);
      double blue = dice.chance(.12) ? -1 : 0;  // a note between the scale's
      if (dice.chance(.85)) {
        Note note{tune.time(bar, at), tune.time(bar, at + length) - tune.time(bar, at),
                  tune.key + 12 + semitones(tune.scale, step) + blue, dice.uniform(.5, 1)};
        if (kind == 5)
          pluck(track, note, string, dice);
        else
          play(track, note, timbre, dice);
      }
      at += length;
    }
}

}  // namespace

Track jazz(double seconds, double rate, Dice& dice) {
  Tune tune = make_tune(seconds, dice);
  Track mix(seconds, rate);
  bool alone = dice.chance(.15);  // a pianist or guitarist without a band
  auto part = [&](auto play_part, double chance, double low, double high) {
    if (!dice.chance(chance)) return;
    Track track(seconds, rate);
    play_part(track, tune, dice);
    set_loudness(track, .1);
    mix.add(track, dice.uniform(low, high));
  };
  part(walking_bass, alone ? 0 : .92, .5, 1.3);
  part(drums, alone ? 0 : .88, .2, 1.1);
  part(comping, alone ? 1 : .8, .3, 1.2);
  part(solo, alone ? 1 : .8, .4, 1.5);
  if (dice.chance(.2)) part(solo, 1, .3, 1);  // a second voice
  double wet = dice.uniform(.05, .35);
  reverb(mix, dice.uniform(.4, 1.6), wet);
  if (dice.chance(.2)) vinyl_crackle(mix, dice.uniform(.01, .08), dice);
  return mix;
}

}  // namespace melgrad::synth
