#include "audio/synth/effects.h"

namespace melgrad::synth {
namespace {

float share_of(double hz, float rate) {
  return 1 - std::exp(-6.2832F * static_cast<float>(hz) / rate);
}

/// y[i] = x[i − n] + feedback · y[i − n], through a low pass, added to `sum`.
void add_comb(const std::vector<float>& x, std::size_t n, float feedback, std::vector<float>& sum) {
  std::vector<float> line(n, 0.F);
  float low = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    float out = line[at];
    low += .6F * (out - low);
    line[at] = x[i] + feedback * low;
    at = at + 1 == n ? 0 : at + 1;
    sum[i] += out;
  }
}

void all_pass(std::vector<float>& x, std::size_t n) {
  std::vector<float> line(n, 0.F);
  std::size_t at = 0;
  for (float& value : x) {
    float delayed = line[at];
    float out = delayed - .5F * value;
    line[at] = value + .5F * out;
    at = at + 1 == n ? 0 : at + 1;
    value = out;
  }
}

}  // namespace

void low_pass(Track& track, double hz) {
  float share = share_of(hz, track.sample_rate), low = 0;
  for (float& value : track.x) value = low += share * (value - low);
}

void high_pass(Track& track, double hz) {
  float share = share_of(hz, track.sample_rate), low = 0;
  for (float& value : track.x) {
    low += share * (value - low);
    value -= low;
  }
}

void high_shelf(Track& track, double hz, double db) {
  float share = share_of(hz, track.sample_rate), low = 0;
  auto gain = static_cast<float>(std::pow(10, db / 20));
  for (float& value : track.x) {
    low += share * (value - low);
    value = low + gain * (value - low);
  }
}

void distort(Track& track, double drive, double cabinet_hz) {
  for (float& value : track.x) {
    // tanh to within .02, by its continued fraction; what matters is that it is smooth and bounded.
    float v = std::clamp(static_cast<float>(drive) * value, -3.F, 3.F);
    value = v * (27 + v * v) / (27 + 9 * v * v);
  }
  high_pass(track, 90);
  low_pass(track, cabinet_hz);
  low_pass(track, cabinet_hz);
}

void reverb(Track& track, double seconds, double wet) {
  std::vector<float> sum(track.x.size(), 0.F);
  for (double delay : {.0297, .0371, .0411, .0437}) {
    auto feedback = static_cast<float>(std::pow(.001, delay / seconds));
    add_comb(track.x, static_cast<std::size_t>(delay * track.sample_rate), feedback, sum);
  }
  for (double delay : {.005, .0017})
    all_pass(sum, 1 + static_cast<std::size_t>(delay * track.sample_rate));
  auto share = static_cast<float>(wet);
  for (std::size_t i = 0; i < sum.size(); ++i)
    track.x[i] = (1 - share) * track.x[i] + .4F * share * sum[i];
}

void echo(Track& track, double seconds, double feedback, double wet) {
  auto n = static_cast<std::size_t>(seconds * track.sample_rate);
  std::vector<float> repeated = track.x;
  for (std::size_t i = n; i < repeated.size(); ++i)
    repeated[i] += static_cast<float>(feedback) * repeated[i - n];
  for (std::size_t i = n; i < repeated.size(); ++i)
    track.x[i] += static_cast<float>(wet) * repeated[i - n];
}

void vinyl_crackle(Track& track, double loudness, Dice& dice) {
  double time = 0;
  while (time < track.seconds()) {
    std::size_t at = track.at(time);
    for (std::size_t i = at; i < std::min(track.x.size(), at + 20); ++i)
      track.x[i] += static_cast<float>(loudness) * dice.noise();
    time += dice.uniform(.01, .3);
  }
}

void set_loudness(Track& track, double level) {
  double sum = 0;
  for (float value : track.x) sum += static_cast<double>(value) * value;
  if (sum == 0) return;
  double now = std::sqrt(sum / static_cast<double>(track.x.size()));
  for (float& value : track.x) value *= static_cast<float>(level / now);
}

}  // namespace melgrad::synth
