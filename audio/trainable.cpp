#include "audio/trainable.h"

#include <limits>
#include <numbers>

namespace melgrad {
namespace {

/// pad_signal() on a Variable.
Variable padded(const Variable& x, i64 n, PadMode mode) {
  i64 samples = x.dim(-1);
  if (mode == PadMode::constant) {
    Shape amount = Shape::filled(x.rank(), 0);
    amount[-1] = n;
    return pad(x, amount, amount);
  }
  return index_select(x, -1, from_vector(padded_index(samples, n, mode)).to(x.device()));
}

}  // namespace

Variable power_spectrogram(const Variable& x, const StftOptions& options, const Variable& window) {
  check(x.rank() >= 1, "power_spectrogram", "needs samples: {}", x.data());
  i64 samples = x.dim(-1), frames = options.frames(samples);
  Variable rows = reshape(x, {x.numel() / samples, samples});
  if (options.center) rows = padded(rows, options.n_fft / 2, options.pad_mode);
  Variable weights =
      window.defined() ? window : Variable(stft_window(options, x.dtype()).to(x.device()));
  Variable spectrum = stft(rows, weights, options.hop());
  Shape shape = x.shape();
  shape[-1] = frames;
  shape.push_back(options.bins());
  return reshape(sum(square(spectrum), {-1}), shape);
}

Variable mel_product(const Variable& power, const Variable& filters) {
  return linear(power, filters);
}

Variable power_to_db(const Variable& power, double amin) {
  return log(clamp(power, amin, std::numeric_limits<double>::infinity())) *
         (10 / std::numbers::ln10);
}

}  // namespace melgrad
