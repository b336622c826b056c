#include "audio/synth/instruments.h"

#include <numbers>

namespace melgrad::synth {
namespace {

/// level[p] = 1/(p+1)^slope for odd and even partials, scaled to a sum of 1.
std::array<float, Timbre::most_partials> falling(double slope, double even = 1, int partials = 12) {
  std::array<float, Timbre::most_partials> level{};
  double sum = 0;
  for (int p = 0; p < partials; ++p) {
    double value = std::pow(p + 1, -slope) * (p % 2 == 1 ? even : 1);
    level[static_cast<std::size_t>(p)] = static_cast<float>(value);
    sum += value;
  }
  for (float& value : level) value /= static_cast<float>(sum);
  return level;
}

float draw(Dice& dice, double low, double high) {
  return static_cast<float>(dice.uniform(low, high));
}

/// Rises linearly for `attack`, falls linearly over the last `release` samples of n.
float envelope(std::size_t i, std::size_t n, float attack, float release) {
  float from_start = static_cast<float>(i + 1) / attack;
  float from_end = static_cast<float>(n - i) / release;
  return std::min({1.F, from_start, from_end});
}

/// Rotating pointers, one a partial: re and im turn by an angle and shrink by a factor a sample.
struct Partials {
  static constexpr std::size_t count = Timbre::most_partials;
  alignas(64) std::array<float, count> re{}, im{}, turn_re{}, turn_im{};

  Partials(const Timbre& timbre, Dice& dice) {
    for (std::size_t p = 0; p < count; ++p) {
      double phase = dice.uniform(0, 2 * std::numbers::pi);
      re[p] = timbre.level[p] * static_cast<float>(std::cos(phase));
      im[p] = timbre.level[p] * static_cast<float>(std::sin(phase));
    }
  }
  void tune(const Timbre& timbre, double hz, double rate) {
    for (std::size_t p = 0; p < count; ++p) {
      double number = static_cast<double>(p + 1);
      double f = hz * number * std::sqrt(1 + timbre.inharmonicity * number * number);
      double shrink = f < rate * .48
                          ? std::exp(-(timbre.decay + timbre.decay_per_partial * number) / rate)
                          : 0;  // above half the sampling rate it would come back as another tone
      double angle = 2 * std::numbers::pi * f / rate;
      turn_re[p] = static_cast<float>(shrink * std::cos(angle));
      turn_im[p] = static_cast<float>(shrink * std::sin(angle));
    }
  }
  float step() {
    alignas(64) std::array<float, count> next;
    float sum = 0;
    for (std::size_t p = 0; p < count; ++p) next[p] = re[p] * turn_re[p] - im[p] * turn_im[p];
    for (std::size_t p = 0; p < count; ++p) im[p] = re[p] * turn_im[p] + im[p] * turn_re[p];
    re = next;
    for (float value : re) sum += value;
    return sum;
  }
};

}  // namespace

Timbre piano(Dice& dice) {
  return {.level = falling(dice.uniform(1.1, 1.9)),
          .attack = .002F,
          .release = .08F,
          .decay = draw(dice, .8, 2),
          .decay_per_partial = draw(dice, .3, .8),
          .inharmonicity = 4e-4F};
}

Timbre electric_piano(Dice& dice) {
  Timbre timbre{.level = falling(2.2, .4),
                .attack = .003F,
                .release = .1F,
                .decay = draw(dice, .8, 1.6),
                .decay_per_partial = draw(dice, .2, .6),
                .vibrato_hz = draw(dice, 3, 6),
                .vibrato_depth = .001F};
  timbre.level[6] += .08F;  // the tine's ring
  return timbre;
}

Timbre vibraphone(Dice& dice) {
  Timbre timbre{.attack = .002F,
                .release = .2F,
                .decay = draw(dice, 1, 2),
                .decay_per_partial = .6F,
                .vibrato_hz = draw(dice, 4, 7),
                .vibrato_depth = .0015F};
  timbre.level[0] = .75F;
  timbre.level[3] = .2F;
  timbre.level[9] = .05F;
  return timbre;
}

Timbre bowed_strings(Dice& dice) {
  return {.level = falling(dice.uniform(.9, 1.4), 1, 16),
          .attack = draw(dice, .04, .15),
          .release = draw(dice, .08, .2),
          .vibrato_hz = draw(dice, 4.5, 6.5),
          .vibrato_depth = draw(dice, .002, .006),
          .breath = .02F};
}

Timbre flute(Dice& dice) {
  return {.level = falling(2.4, 1, 6),
          .attack = draw(dice, .03, .08),
          .release = .08F,
          .vibrato_hz = draw(dice, 4, 6),
          .vibrato_depth = .004F,
          .breath = draw(dice, .03, .09)};
}

Timbre reed(Dice& dice) {
  double even = dice.uniform(.2, 1);
  return {.level = falling(dice.uniform(.9, 1.5), even, 14),
          .attack = draw(dice, .015, .05),
          .release = .06F,
          .vibrato_hz = draw(dice, 4, 6),
          .vibrato_depth = draw(dice, .002, .008),
          .breath = draw(dice, .02, .08)};
}

Timbre brass(Dice& dice) {
  return {.level = falling(dice.uniform(.7, 1.2), 1, 16),
          .attack = draw(dice, .02, .06),
          .release = .07F,
          .vibrato_hz = 5,
          .vibrato_depth = draw(dice, .001, .004),
          .breath = .02F};
}

Timbre organ(Dice& dice) {
  Timbre timbre{.attack = .01F, .release = .05F, .vibrato_hz = 6, .vibrato_depth = .001F};
  for (std::size_t drawbar : {0U, 1U, 2U, 3U, 5U, 7U}) timbre.level[drawbar] = draw(dice, .05, .35);
  return timbre;
}

Timbre choir(Dice& dice) {
  return {.level = falling(dice.uniform(1.2, 1.8), 1, 12),
          .attack = draw(dice, .1, .25),
          .release = .25F,
          .vibrato_hz = draw(dice, 4.5, 6),
          .vibrato_depth = draw(dice, .003, .008),
          .breath = .06F};
}

void play(Track& track, const Note& note, const Timbre& timbre, Dice& dice) {
  std::size_t begin = track.at(note.start), end = track.at(note.start + note.length);
  if (end <= begin) return;
  double rate = track.sample_rate, hz = hz_of(note.pitch);
  float attack = std::max(1.F, timbre.attack * track.sample_rate);
  float release = std::max(1.F, timbre.release * track.sample_rate);
  auto loudness = static_cast<float>(note.loudness);
  Partials partials(timbre, dice);
  partials.tune(timbre, hz, rate);
  constexpr std::size_t block = 128;  // the vibrato's step: about 6 ms
  for (std::size_t from = begin; from < end; from += block) {
    if (timbre.vibrato_depth > 0 && timbre.vibrato_hz > 0) {
      double time = static_cast<double>(from - begin) / rate;
      double bend = std::sin(2 * std::numbers::pi * timbre.vibrato_hz * time) *
                    std::min(1., time / .3);  // players begin without
      partials.tune(timbre, hz * (1 + timbre.vibrato_depth * bend), rate);
    }
    for (std::size_t i = from; i < std::min(end, from + block); ++i) {
      float value = partials.step() + timbre.breath * dice.noise();
      track.x[i] += loudness * envelope(i - begin, end - begin, attack, release) * value;
    }
  }
}

void pluck(Track& track, const Note& note, const String& string, Dice& dice) {
  std::size_t begin = track.at(note.start), end = track.at(note.start + note.length);
  double hz = hz_of(note.pitch);
  double period = track.sample_rate / hz - .5;  // the low pass below delays by half a sample
  auto length = static_cast<std::size_t>(period);
  if (end <= begin || length < 2) return;
  std::vector<float> line(length + 1);
  float smooth = 0;
  for (float& value : line)
    value = smooth += string.brightness * (dice.noise() - smooth);  // a softer pluck is duller
  auto loudness = static_cast<float>(note.loudness) / (.3F + string.brightness);
  auto fraction = static_cast<float>(period - static_cast<double>(length));
  auto keep = static_cast<float>(std::pow(.001, 1 / (string.sustain * hz)));
  float release = .01F * track.sample_rate, before = 0;
  std::size_t at = 0;
  for (std::size_t i = begin; i < end; ++i) {
    std::size_t next = at + 1 == line.size() ? 0 : at + 1;
    // The line is one longer than the period's whole part: its fraction lies between two samples.
    float value = fraction * line[at] + (1 - fraction) * line[next];
    line[at] = keep * .5F * (value + before);
    before = value;
    track.x[i] += loudness * envelope(i - begin, end - begin, 1, release) * value;
    at = next;
  }
}

void play(Track& track, const Note& note, const Oscillators& sound, Dice& dice) {
  std::size_t begin = track.at(note.start), end = track.at(note.start + note.length);
  if (end <= begin) return;
  float rate = track.sample_rate;
  std::array<float, 8> phase{}, step{};
  auto voices = static_cast<std::size_t>(std::clamp(sound.voices, 1, 8));
  for (std::size_t v = 0; v < voices; ++v) {
    phase[v] = static_cast<float>(dice.uniform());
    step[v] = static_cast<float>(hz_of(note.pitch)) * (1 + sound.detune * dice.noise()) / rate;
  }
  float low = 0, band = 0;  // Chamberlin's state-variable filter
  float sweep = sound.sweep;
  float fade = std::exp(-1 / (sound.sweep_seconds * rate));
  float attack = std::max(1.F, sound.attack * rate), release = std::max(1.F, sound.release * rate);
  float gain = static_cast<float>(note.loudness) / std::sqrt(static_cast<float>(voices));
  for (std::size_t i = begin; i < end; ++i) {
    float value = 0;
    for (std::size_t v = 0; v < voices; ++v) {
      phase[v] += step[v];
      if (phase[v] >= 1) phase[v] -= 1;
      value += sound.square ? (phase[v] < .5F ? 1.F : -1.F) : 2 * phase[v] - 1;
    }
    float f = std::min(.9F, 6.28F * sound.cutoff * (1 + sweep) / rate);
    sweep *= fade;
    low += f * band;
    band += f * (value - low - (1 - sound.resonance) * 1.4F * band);
    track.x[i] += .5F * gain * envelope(i - begin, end - begin, attack, release) * low;
  }
}

}  // namespace melgrad::synth
