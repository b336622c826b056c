#include "audio/synth/drums.h"
#include "audio/synth/effects.h"
#include "audio/synth/genres.h"
#include "audio/synth/instruments.h"

namespace melgrad::synth {
namespace {

struct Loop {
  double beat;
  int key;
  Scale scale;
  int beats;  // in all

  double step(double sixteenths) const { return sixteenths * beat / 4; }
};

void beat_track(Track& track, const Loop& loop, Dice& dice) {
  Kit kit = electronic_kit(dice);
  bool straight = dice.chance(.8);  // else a broken beat
  bool sixteenth_hats = dice.chance(.5), claps = dice.chance(.7), open = dice.chance(.7);
  double hat_level = dice.uniform(.1, .5);
  for (int beat = 0; beat < loop.beats; ++beat) {
    double time = beat * loop.beat;
    if (straight || beat % 4 == 0 || beat % 8 == 5) kick(track, time, 1, kit, dice);
    if (!straight && beat % 4 == 1) kick(track, time + .5 * loop.beat, .9, kit, dice);
    if (claps && beat % 2 == 1)
      straight ? clap(track, time, .5, kit, dice) : snare(track, time, .7, kit, dice);
    if (open) open_hat(track, time + .5 * loop.beat, hat_level, kit, dice);
    for (int i = 0; i < 4 && sixteenth_hats; ++i)
      hat(track, time + loop.step(i), hat_level * (i % 2 == 0 ? .5 : .8), kit, dice);
    if (beat % 16 == 0 && dice.chance(.4)) cymbal(track, time, .5, kit, dice);
  }
}

/// A bar of sixteenths, repeated: what makes techno techno.
void sequence(Track& track, const Loop& loop, const Oscillators& sound, int octave, double density,
              Dice& dice) {
  std::array<int, 16> steps{};  // −9: a rest
  for (int& step : steps)
    step = dice.chance(density) ? dice.pick(std::array{0, 0, 0, 2, 4, 6, 7, -1}) : -9;
  double drift = dice.uniform(-.02, .03);
  Oscillators now = sound;
  for (int i = 0; i < loop.beats * 4; ++i) {
    int step = steps[static_cast<std::size_t>(i % 16)];
    now.cutoff = std::clamp(now.cutoff * static_cast<float>(1 + drift), 150.F, 6000.F);
    if (step == -9) continue;
    play(
        track,
        {loop.step(i), loop.step(1) * .9, loop.key + 12. * octave + semitones(loop.scale, step), 1},
        now, dice);
  }
}

void bass(Track& track, const Loop& loop, Dice& dice) {
  Oscillators sound{.voices = 1,
                    .square = dice.chance(.4),
                    .cutoff = static_cast<float>(dice.uniform(150, 900)),
                    .sweep = static_cast<float>(dice.uniform(0, 6)),
                    .sweep_seconds = static_cast<float>(dice.uniform(.03, .15)),
                    .resonance = static_cast<float>(dice.uniform(.2, .9))};
  sequence(track, loop, sound, -1, dice.uniform(.3, .9), dice);
}

void arpeggio(Track& track, const Loop& loop, Dice& dice) {
  Oscillators sound{.voices = dice.integer(1, 3),
                    .detune = .008F,
                    .cutoff = static_cast<float>(dice.uniform(500, 3000)),
                    .resonance = static_cast<float>(dice.uniform(.1, .8))};
  sequence(track, loop, sound, 1, dice.uniform(.2, .8), dice);
  echo(track, .75 * loop.beat, .4, dice.uniform(0, .5));
}

/// Short chords on a repeated rhythm: minor triads, or the sevenths and ninths of jazz.
void stabs(Track& track, const Loop& loop, Dice& dice) {
  bool jazzy = dice.chance(.5);
  Timbre timbre = dice.chance(.5) ? electric_piano(dice) : piano(dice);
  Oscillators sound{.voices = 3, .detune = .01F, .cutoff = 1200, .sweep = 3};
  std::array<bool, 16> hits{};
  for (bool& hit : hits) hit = dice.chance(.2);
  hits[static_cast<std::size_t>(dice.integer(0, 7))] = true;
  for (int i = 0; i < loop.beats * 4; ++i) {
    if (!hits[static_cast<std::size_t>(i % 16)]) continue;
    int root = jazzy && i / 16 % 2 == 1 ? 3 : 0;
    for (int semitone : chord_on(loop.scale, root, jazzy ? 5 : 3)) {
      Note note{loop.step(i), loop.step(jazzy ? 3 : 1.5), loop.key + 12. + semitone, .4};
      if (jazzy)
        play(track, note, timbre, dice);
      else
        play(track, note, sound, dice);
    }
  }
  echo(track, .75 * loop.beat, .45, dice.uniform(.1, .6));
}

void pad(Track& track, const Loop& loop, Dice& dice) {
  bool synthetic = dice.chance(.6);
  Timbre timbre = dice.chance(.5) ? bowed_strings(dice) : choir(dice);
  Oscillators sound{.voices = 3,
                    .detune = .01F,
                    .cutoff = static_cast<float>(dice.uniform(400, 2000)),
                    .sweep = 0,
                    .attack = .2F,
                    .release = .3F};
  for (int beat = 0; beat < loop.beats; beat += 8)
    for (int semitone : chord_on(loop.scale, dice.pick(std::array{0, 5, 3, 6}), 3)) {
      Note note{beat * loop.beat, 8 * loop.beat, loop.key + 12. + semitone, .4};
      if (synthetic)
        play(track, note, sound, dice);
      else
        play(track, note, timbre, dice);
    }
}

/// The side chain: everything but the drums ducks under each kick.
void pump(Track& track, const Loop& loop, double depth) {
  for (std::size_t i = 0; i < track.x.size(); ++i) {
    double phase = std::fmod(static_cast<double>(i) / track.sample_rate, loop.beat) / loop.beat;
    track.x[i] *= static_cast<float>(1 - depth * std::max(0., 1 - 2.5 * phase));
  }
}

}  // namespace

Track techno(double seconds, double rate, Dice& dice) {
  Loop loop;
  loop.beat = 60 / dice.uniform(115, 155);
  loop.key = dice.integer(40, 51);
  loop.scale = dice.chance(.75) ? minor_scale : major_scale;
  loop.beats = static_cast<int>(seconds / loop.beat) + 1;
  Track tones(seconds, rate);
  bool breakdown = dice.chance(.18);  // the passage without drums
  auto part = [&](auto play_part, double chance, double low, double high) {
    if (!dice.chance(chance)) return;
    Track track(seconds, rate);
    play_part(track, loop, dice);
    set_loudness(track, .1);
    tones.add(track, dice.uniform(low, high));
  };
  part(bass, breakdown ? .4 : .85, .4, 1.2);
  part(arpeggio, .5, .2, 1);
  part(stabs, breakdown ? .6 : .4, .3, 1.1);
  part(pad, breakdown ? .9 : .35, .3, 1);
  pump(tones, loop, dice.uniform(0, .9));
  double wet = dice.uniform(0, .35);
  reverb(tones, dice.uniform(.3, 2), wet);
  if (breakdown && dice.chance(.6)) return tones;
  Track drums(seconds, rate);
  beat_track(drums, loop, dice);
  if (breakdown) high_pass(drums, 500);  // the DJ's filter
  set_loudness(drums, .1);
  tones.add(drums, dice.uniform(.6, 2));
  return tones;
}

}  // namespace melgrad::synth
