#include "audio/synth/drums.h"

#include <numbers>

namespace melgrad::synth {
namespace {

/// Noise that fades (e-folding time `seconds`), without what lies below about `low_hz`.
void noise_burst(Track& track, double time, double loudness, double seconds, double low_hz,
                 Dice& dice) {
  std::size_t begin = track.at(time), end = track.at(time + 5 * seconds);
  auto level = static_cast<float>(loudness);
  float fade = std::exp(-1 / (static_cast<float>(seconds) * track.sample_rate));
  float share = 1 - std::exp(-6.28F * static_cast<float>(low_hz) / track.sample_rate);
  float low1 = 0, low2 = 0;
  for (std::size_t i = begin; i < end; ++i) {
    float value = dice.noise();
    low1 += share * (value - low1);
    low2 += share * (value - low1 - low2);
    track.x[i] += level * (value - low1 - low2);
    level *= fade;
  }
}

/// A sine that falls from `from` to `to` Hz (e-folding time `bend`) and fades.
void falling_sine(Track& track, double time, double loudness, double from, double to, double bend,
                  double seconds) {
  std::size_t begin = track.at(time), end = track.at(time + 5 * seconds);
  auto level = static_cast<float>(loudness);
  float fade = std::exp(-1 / (static_cast<float>(seconds) * track.sample_rate));
  float bend_fade = std::exp(-1 / (static_cast<float>(bend) * track.sample_rate));
  auto extra = static_cast<float>(from - to);
  float phase = 0, turn = 2 * std::numbers::pi_v<float> / track.sample_rate;
  for (std::size_t i = begin; i < end; ++i) {
    phase += turn * (static_cast<float>(to) + extra);
    extra *= bend_fade;
    track.x[i] += level * std::sin(phase);
    level *= fade;
  }
}

/// Six square waves at unrelated frequencies, as in the TR-808's cymbals, above noise.
void metallic(Track& track, double time, double loudness, double seconds, double brightness,
              Dice& dice) {
  std::size_t begin = track.at(time), end = track.at(time + 5 * seconds);
  constexpr std::array ratios = {1.F, 1.342F, 1.496F, 1.655F, 1.786F, 2.108F};
  std::array<float, 6> phase{};
  float base = static_cast<float>(2200 * brightness) / track.sample_rate;
  auto level = static_cast<float>(loudness);
  float fade = std::exp(-1 / (static_cast<float>(seconds) * track.sample_rate));
  float low = 0;
  for (std::size_t i = begin; i < end; ++i) {
    float value = .7F * dice.noise();
    for (std::size_t v = 0; v < ratios.size(); ++v) {
      phase[v] += base * ratios[v];
      phase[v] -= static_cast<float>(static_cast<int>(phase[v]));
      value += phase[v] < .5F ? .2F : -.2F;
    }
    low += .6F * (value - low);
    track.x[i] += level * (value - low);
    level *= fade;
  }
}

float draw(Dice& dice, double low, double high) {
  return static_cast<float>(dice.uniform(low, high));
}

}  // namespace

Kit acoustic_kit(Dice& dice) {
  return {draw(dice, 50, 75),   draw(dice, .05, .2), draw(dice, .08, .14),
          draw(dice, 160, 230), draw(dice, .05, .1), draw(dice, .3, .7),
          draw(dice, .02, .04), draw(dice, .3, .8),  draw(dice, .7, 1.3)};
}

Kit electronic_kit(Dice& dice) {
  return {draw(dice, 42, 58),    draw(dice, .1, .5),   draw(dice, .1, .25),
          draw(dice, 170, 250),  draw(dice, .05, .12), draw(dice, .5, .9),
          draw(dice, .012, .03), draw(dice, .2, .5),   draw(dice, .8, 1.5)};
}

Kit metal_kit(Dice& dice) {
  return {draw(dice, 50, 70),   draw(dice, .4, .9),   draw(dice, .04, .09),
          draw(dice, 170, 240), draw(dice, .07, .14), draw(dice, .6, 1),
          draw(dice, .03, .06), draw(dice, .4, 1),    draw(dice, .8, 1.4)};
}

void kick(Track& track, double time, double loudness, const Kit& kit, Dice& dice) {
  falling_sine(track, time, loudness, kit.kick_hz * 4, kit.kick_hz, .025, kit.kick_seconds);
  noise_burst(track, time, loudness * kit.kick_click, .004, 2000, dice);
}

void snare(Track& track, double time, double loudness, const Kit& kit, Dice& dice) {
  falling_sine(track, time, .6 * loudness, kit.snare_hz * 1.5, kit.snare_hz, .02, .05);
  noise_burst(track, time, loudness * kit.snare_noise, kit.snare_seconds, 900, dice);
}

void hat(Track& track, double time, double loudness, const Kit& kit, Dice& dice) {
  metallic(track, time, loudness, kit.hat_seconds, kit.brightness, dice);
}

void open_hat(Track& track, double time, double loudness, const Kit& kit, Dice& dice) {
  metallic(track, time, loudness, kit.hat_seconds * 4, kit.brightness, dice);
}

void cymbal(Track& track, double time, double loudness, const Kit& kit, Dice& dice) {
  noise_burst(track, time, .6 * loudness, kit.cymbal_seconds, 3000, dice);
}

void ride(Track& track, double time, double loudness, const Kit& kit, Dice& dice) {
  metallic(track, time, loudness, .12, kit.brightness, dice);
}

void clap(Track& track, double time, double loudness, const Kit&, Dice& dice) {
  for (double echo : {0., .011, .023})
    noise_burst(track, time + echo, .6 * loudness, echo > .02 ? .06 : .006, 900, dice);
}

void brush(Track& track, double time, double length, double loudness, Dice& dice) {
  std::size_t begin = track.at(time), end = track.at(time + length);
  float low = 0;
  for (std::size_t i = begin; i < end; ++i) {
    float value = dice.noise();
    low += .5F * (value - low);
    float u = static_cast<float>(i - begin) / static_cast<float>(end - begin);
    track.x[i] += static_cast<float>(loudness) * 4 * u * (1 - u) * (value - low);
  }
}

void timpani(Track& track, double time, double pitch, double loudness, Dice& dice) {
  double hz = hz_of(pitch);
  falling_sine(track, time, loudness, hz * 1.1, hz, .05, .35);
  falling_sine(track, time, .4 * loudness, hz * 1.5, hz * 1.5, .05, .25);
  noise_burst(track, time, .2 * loudness, .01, 200, dice);
}

}  // namespace melgrad::synth
