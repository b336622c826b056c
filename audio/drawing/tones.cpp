#include "audio/drawing/tones.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "audio/drawing/plot.h"
#include "audio/spectra/decibel.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr double seconds = .5;  // of each tone
constexpr double fade = .05;    // seconds in which it comes and goes, so that it does not click

Tensor sines(const std::vector<double>& hz, double sample_rate) {
  auto samples = static_cast<i64>(seconds * sample_rate);
  std::vector<float> x;
  for (double frequency : hz)
    for (i64 i = 0; i < samples; ++i) {
      double t = static_cast<double>(i) / sample_rate;
      double share = std::min({1., t / fade, (seconds - t) / fade});
      double rise = std::pow(std::sin(std::numbers::pi / 2 * share), 2);
      x.push_back(static_cast<float>(rise * std::sin(2 * std::numbers::pi * frequency * t)));
    }
  return from_vector(x);
}

/// The tones where they lie on an axis that ends at `top` Hz; of those whose names would lie on one
/// another the lowest.
Ticks marks_of(std::vector<double> hz, double top, FrequencyAxis axis, i64 height) {
  constexpr double letter = 9;  // pixels, with room
  Ticks ticks{"Hz", {}};
  std::sort(hz.begin(), hz.end());
  for (double frequency : hz) {
    double share = axis_position(frequency, axis) / axis_position(top, axis);
    double last = ticks.marks.empty() ? -1e9 : ticks.marks.back().share;
    if ((share - last) * static_cast<double>(height) >= letter)
      ticks.marks.push_back({share, format("{}", frequency)});
  }
  return ticks;
}

}  // namespace

Tensor tones_picture(const std::vector<double>& hz, const TonesPicture& picture) {
  check(!hz.empty(), "tones", "there are no tones to draw");
  double nyquist = picture.sample_rate / 2, bin = picture.sample_rate / double(picture.n_fft);
  for (double frequency : hz)
    check(frequency > 0 && frequency < nyquist, "tones",
          "{} Hz does not lie between 0 and half the rate of {} Hz", frequency,
          picture.sample_rate);
  Tensor x = sines(hz, picture.sample_rate);
  Tensor power = spectrogram(x, {.n_fft = picture.n_fft, .hop_length = picture.hop});
  Tensor db = power_to_db(power, {.ref = reference_maximum});
  // A spectrogram of fewer bins is one of a lower rate.
  double highest = 1.25 * *std::max_element(hz.begin(), hz.end());
  i64 bins = std::min<i64>(std::lround(std::ceil(highest / bin)), picture.n_fft / 2);
  double top = static_cast<double>(bins) * bin;
  db = db.slice(0, 0, bins + 1);
  Ticks time = linear_ticks("s", 0, seconds * static_cast<double>(hz.size()), 5);
  std::vector<Tensor> beside;
  for (auto [axis, title] :
       {std::pair(FrequencyAxis::linear, "linear"), {FrequencyAxis::htk, "mel"}}) {
    Tensor rgb =
        spectrogram_picture(db, 2 * top, picture.height, picture.width, picture.colours, axis);
    beside.push_back(
        with_axes(to_bytes(rgb), {title, time, marks_of(hz, top, axis, picture.height)}));
  }
  return cat(beside, 1);
}

}  // namespace melgrad
