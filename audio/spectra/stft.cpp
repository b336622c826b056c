#include "audio/spectra/stft.h"

#include <algorithm>
#include <cmath>

#include "audio/finite.h"
#include "tensor/ops.h"

namespace melgrad {

PadMode parse_pad_mode(std::string_view name) {
  if (name == "constant") return PadMode::constant;
  if (name == "reflect") return PadMode::reflect;
  if (name == "edge") return PadMode::edge;
  fail("stft", "no padding '{}': constant, reflect, edge", name);
}

i64 StftOptions::frames(i64 samples) const {
  i64 padded = center ? samples + n_fft / 2 * 2 : samples;
  check(n_fft >= 1 && hop() >= 1, "stft", "n_fft {} and hop_length {} must be positive", n_fft,
        hop());
  check(samples > 0 && padded >= n_fft, "stft", "{} samples are too few for a frame of {}{}",
        samples, n_fft, center ? "" : " that is not centred");
  return 1 + (padded - n_fft) / hop();
}

Tensor stft_window(const StftOptions& options, Dtype dtype) {
  i64 length = options.win_length.value_or(options.n_fft);
  check(length >= 1 && length <= options.n_fft, "stft",
        "win_length {} must lie between 1 and n_fft {}", length, options.n_fft);
  Tensor window = make_window(options.window, length, options.window_options, dtype);
  i64 before = (options.n_fft - length) / 2;
  return pad(window, {before}, {options.n_fft - length - before});
}

std::vector<i64> padded_index(i64 samples, i64 n, PadMode mode) {
  check(samples >= 1, "pad_signal", "there are no samples to repeat");
  check(mode == PadMode::edge || n < samples, "pad_signal",
        "cannot reflect {} samples of a signal that has {}", n, samples);
  std::vector<i64> index;
  for (i64 i = -n; i < samples + n; ++i) {
    i64 reflected = i < 0 ? -i : i >= samples ? 2 * (samples - 1) - i : i;
    index.push_back(mode == PadMode::reflect ? reflected : std::clamp<i64>(i, 0, samples - 1));
  }
  return index;
}

Tensor pad_signal(const Tensor& x, i64 n, PadMode mode) {
  if (n == 0) return x;
  if (mode == PadMode::constant) {
    Shape shape = x.shape();
    shape[-1] = n;
    Tensor silence = zeros(shape, x.dtype(), x.device());
    return cat({silence, x, silence}, -1);
  }
  return index_select(x, -1, from_vector(padded_index(x.dim(-1), n, mode)).to(x.device()));
}

/// As rows (count, samples), padded if centred.
static Tensor framed_rows(const Tensor& x, const StftOptions& options, std::string_view op) {
  check(x.rank() >= 1, op, "needs samples: {}", x);
  options.frames(x.dim(-1));
  Tensor rows = x.reshape({x.numel() / x.dim(-1), x.dim(-1)});
  return options.center ? pad_signal(rows, options.n_fft / 2, options.pad_mode) : rows;
}

Tensor stft(const Tensor& x, const StftOptions& options) {
  check_finite(x, "stft");
  Tensor rows = framed_rows(x, options, "stft");
  Tensor window = stft_window(options, x.dtype()).to(x.device());
  Tensor y = stft(rows, window, options.hop());  // (count, frames, bins, 2)
  Shape shape = x.shape();
  shape[-1] = y.dim(1);
  shape.push_back(options.bins());
  shape.push_back(2);
  return y.reshape(shape).transpose(-3, -2);
}

Tensor band_power(const Tensor& x, const StftOptions& options, const Tensor& weights,
                  double power) {
  Tensor rows = framed_rows(x, options, "band_power");
  Tensor window = stft_window(options, x.dtype()).to(x.device());
  Tensor y = band_power(rows, window, options.hop(), weights, power);
  // One sample that is no finite number makes a frame's bands NaN; so may sums beyond f32's range.
  if (!is_finite(y)) check_finite(x, "band_power");
  Shape shape = x.shape();
  shape[-1] = weights.dim(0);
  shape.push_back(y.dim(2));
  return y.reshape(shape);
}

Tensor magnitude(const Tensor& stft, double power) {
  check(stft.rank() >= 3 && stft.dim(-1) == 2, "magnitude",
        "needs (…, bins, frames, 2) as stft() gives: {}", stft);
  Tensor frames_first = stft.transpose(-3, -2);  // as it lies in memory
  Tensor re = frames_first.select(-1, 0), im = frames_first.select(-1, 1);
  Tensor squared = re * re + im * im;
  Tensor result = power == 2 ? squared : power == 1 ? sqrt(squared) : pow(squared, power / 2);
  return result.transpose(-2, -1);
}

Tensor spectrogram(const Tensor& x, const StftOptions& options, double power) {
  return magnitude(stft(x, options), power);
}

}  // namespace melgrad
