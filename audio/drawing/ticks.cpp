#include "audio/drawing/ticks.h"

#include <cmath>
#include <sstream>

namespace melgrad {
namespace {

std::string short_number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// 1, 2 or 5 times a power of ten, so that at most `most` steps fit.
double round_step(double range, int most) {
  double power = std::pow(10, std::floor(std::log10(range / most)));
  for (double factor : {1., 2., 5.})
    if (range / (factor * power) <= most) return factor * power;
  return 10 * power;
}

std::vector<double> octaves(double from, double to) {
  std::vector<double> hz;
  for (int i = 0; std::ldexp(from, i) <= to; ++i) hz.push_back(std::ldexp(from, i));
  return hz;
}

}  // namespace

Ticks linear_ticks(const std::string& unit, double begin, double end, int most) {
  check(end > begin && most >= 1, "linear_ticks", "needs an end after the beginning: {} to {}",
        begin, end);
  Ticks ticks{unit, {}};
  double step = round_step(end - begin, most), slack = 1e-9 * (end - begin);
  auto first = std::lround(std::ceil((begin - slack) / step));
  auto last = std::lround(std::floor((end + slack) / step));
  for (auto i = first; i <= last; ++i) {
    double value = static_cast<double>(i) * step;
    ticks.marks.push_back({(value - begin) / (end - begin), short_number(value)});
  }
  return ticks;
}

Ticks frequency_ticks(double sample_rate, FrequencyAxis axis) {
  double nyquist = sample_rate / 2, end = axis_position(nyquist, axis);
  if (axis == FrequencyAxis::linear) return linear_ticks("Hz", 0, nyquist, 6);
  Ticks ticks{"Hz", {{0, "0"}}};
  for (double hz : octaves(axis == FrequencyAxis::log ? 64 : 512, nyquist))
    ticks.marks.push_back({axis_position(hz, axis) / end, short_number(hz)});
  return ticks;
}

// Of n bands the triangles' corners are n + 2 frequencies, equally far apart in mel: band i's peak is number i + 1.
Ticks mel_ticks(const MelOptions& mel) {
  double low = hz_to_mel(mel.fmin, mel.htk);
  double high = hz_to_mel(mel.fmax.value_or(mel.sr / 2), mel.htk);
  auto bands = static_cast<double>(mel.n_mels);
  Ticks ticks{"Hz", {}};
  for (double hz : octaves(128, mel.sr / 2)) {
    double band = (hz_to_mel(hz, mel.htk) - low) / (high - low) * (bands + 1) - 1;
    double share = (band + .5) / bands;
    if (share >= 0 && share <= 1) ticks.marks.push_back({share, short_number(hz)});
  }
  return ticks;
}

}  // namespace melgrad
