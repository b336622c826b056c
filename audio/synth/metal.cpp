#include "audio/synth/drums.h"
#include "audio/synth/effects.h"
#include "audio/synth/genres.h"
#include "audio/synth/instruments.h"

namespace melgrad::synth {
namespace {

struct Song {
  double beat;
  int key;                // of the lowest string
  std::vector<int> riff;  // a step an eighth; −9: a rest
  int beats;
  bool triplets;
};

constexpr Scale phrygian = {0, 1, 3, 5, 7, 8, 10};

Song make_song(double seconds, Dice& dice) {
  Song song;
  song.beat = 60 / (dice.chance(.2) ? dice.uniform(55, 85) : dice.uniform(95, 220));
  song.key = dice.integer(33, 42);
  song.triplets = dice.chance(.25);  // a gallop
  for (int i = 0; i < 8; ++i)
    song.riff.push_back(dice.chance(.08) ? -9 : dice.pick(std::array{0, 0, 0, 0, 1, 2, 3, 4, 6}));
  song.beats = static_cast<int>(seconds / song.beat) + 1;
  return song;
}

/// Power chords (root, fifth, octave), palm-muted or ringing, before the amplifier.
void riff_guitar(Track& track, const Song& song, Dice& dice) {
  double muted = dice.uniform(.2, .9);
  int division = dice.integer(1, 2) * 2;
  for (int i = 0; i < song.beats * division; ++i) {
    double eighths = i * 2. / division;
    int step = song.riff[static_cast<std::size_t>(eighths) % song.riff.size()];
    if (step == -9) continue;
    double length = song.beat / division;
    bool palm = dice.chance(muted);
    String string{.brightness = palm ? .25F : .6F, .sustain = palm ? .25F : 3.F};
    double swing = song.triplets && i % 2 == 1 ? length / 3 : 0;
    for (int interval : {0, 7, 12})
      pluck(track,
            {i * length + swing, length * 1.02,
             song.key + 0. + semitones(phrygian, step) + interval, .6},
            string, dice);
  }
}

void lead_guitar(Track& track, const Song& song, Dice& dice) {
  int step = dice.integer(14, 20);
  double busy = dice.uniform(.3, 1);
  for (double at = 0; at < song.beats;) {
    double length = dice.chance(busy) ? .25 : dice.integer(1, 3);
    step = std::clamp(step + dice.integer(-3, 3), 12, 27);
    pluck(track,
          {at * song.beat, length * song.beat, song.key + 0. + semitones(minor_scale, step), 1},
          {.brightness = .7F, .sustain = 6}, dice);
    at += length;
  }
}

void bass_guitar(Track& track, const Song& song, Dice& dice) {
  for (int i = 0; i < song.beats * 2; ++i) {
    int step = song.riff[static_cast<std::size_t>(i) % song.riff.size()];
    if (step == -9) continue;
    pluck(track, {i * song.beat / 2, song.beat / 2, song.key - 0. + semitones(phrygian, step), 1},
          {.brightness = .4F, .sustain = 2}, dice);
  }
}

void drums(Track& track, const Song& song, Dice& dice) {
  Kit kit = metal_kit(dice);
  int style = dice.integer(0, 3);  // 0 rock, 1 double bass drum, 2 blast beat, 3 half time
  double cymbals = dice.uniform(.2, .7);
  for (int beat = 0; beat < song.beats; ++beat) {
    double time = beat * song.beat;
    int kicks = style == 1 ? 4 : style == 2 ? 2 : 1;
    for (int i = 0; i < kicks; ++i)
      if (style != 0 || beat % 2 == 0 || dice.chance(.4))
        kick(track, time + i * song.beat / kicks, .9, kit, dice);
    if (style == 2)
      for (int i = 0; i < 2; ++i) snare(track, time + (i + .5) * song.beat / 2, .7, kit, dice);
    else if (style == 3 ? beat % 4 == 2 : beat % 2 == 1)
      snare(track, time, 1, kit, dice);
    for (int i = 0; i < 2; ++i)
      dice.chance(.5) ? open_hat(track, time + i * song.beat / 2, cymbals, kit, dice)
                      : ride(track, time + i * song.beat / 2, cymbals, kit, dice);
    if (beat % 4 == 0 && dice.chance(.6)) cymbal(track, time, cymbals, kit, dice);
  }
}

/// What many metal songs begin with: quiet picked chords, perhaps a cymbal, no distortion.
Track clean_intro(double seconds, double rate, const Song& song, Dice& dice) {
  Track track(seconds, rate);
  String string{.brightness = static_cast<float>(dice.uniform(.3, .7)), .sustain = 4};
  int root = 0;
  for (int i = 0; i < song.beats * 2; ++i) {
    if (i % 8 == 0) root = dice.pick(std::array{0, 5, 3, 6});
    Chord chord = chord_on(minor_scale, root, 4);
    double pitch = song.key + 12. + chord[static_cast<std::size_t>(dice.integer(0, 3))];
    pluck(track, {i * song.beat / 2, song.beat * 2, pitch, .7}, string, dice);
  }
  set_loudness(track, .1);
  Timbre timbre = dice.chance(.5) ? bowed_strings(dice) : choir(dice);
  if (dice.chance(.3))
    for (int beat = 0; beat < song.beats; beat += 4)
      play(track, {beat * song.beat, 4 * song.beat, song.key + 24., .15}, timbre, dice);
  Kit kit = metal_kit(dice);
  if (dice.chance(.4))
    for (int beat = 0; beat < song.beats; ++beat) ride(track, beat * song.beat, .05, kit, dice);
  double wet = dice.uniform(.2, .5);
  reverb(track, dice.uniform(.8, 2.5), wet);
  return track;
}

Track full_band(double seconds, double rate, const Song& song, Dice& dice) {
  Track mix(seconds, rate);
  auto part = [&](auto play_part, double chance, double drive, double low, double high) {
    if (!dice.chance(chance)) return;
    Track track(seconds, rate);
    play_part(track, song, dice);
    set_loudness(track, .1);
    if (drive > 0) distort(track, drive, dice.uniform(2500, 5000));
    set_loudness(track, .1);
    mix.add(track, dice.uniform(low, high));
  };
  part(riff_guitar, .95, dice.uniform(8, 60), .6, 1.4);
  part(bass_guitar, .85, dice.chance(.5) ? 10 : 0, .3, .9);
  part(drums, .9, 0, .4, 1.4);
  part(lead_guitar, .35, dice.uniform(10, 50), .4, 1.2);
  if (dice.chance(.2)) {  // symphonic metal
    Timbre timbre = dice.chance(.5) ? bowed_strings(dice) : choir(dice);
    for (int beat = 0; beat < song.beats; beat += 4)
      for (int semitone : chord_on(minor_scale, dice.pick(std::array{0, 5, 3}), 3))
        play(mix, {beat * song.beat, 4 * song.beat, song.key + 24. + semitone, .15}, timbre, dice);
  }
  double wet = dice.uniform(0, .2);
  reverb(mix, dice.uniform(.3, 1.2), wet);
  return mix;
}

}  // namespace

Track metal(double seconds, double rate, Dice& dice) {
  Song song = make_song(seconds, dice);
  double kind = dice.uniform();
  if (kind < .18) return clean_intro(seconds, rate, song, dice);
  Track band = full_band(seconds, rate, song, dice);
  if (kind > .28) return band;
  Track intro = clean_intro(seconds, rate, song, dice);  // the band comes in halfway
  set_loudness(band, .15);
  std::size_t entry = band.at(dice.uniform(.3, .7) * seconds);
  std::copy(intro.x.begin(), intro.x.begin() + static_cast<std::ptrdiff_t>(entry), band.x.begin());
  return band;
}

}  // namespace melgrad::synth
