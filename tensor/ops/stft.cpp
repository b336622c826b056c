#include "tensor/dtypes.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

StftShape stft_shape(std::string_view op, i64 count, i64 samples, const Tensor& window, i64 hop) {
  check_operand(op, "window", window, Takes::f32_or_f64);
  check(window.rank() == 1 && window.numel() >= 1, op, "window must be (n_fft): {}", window);
  check(hop >= 1, op, "hop must be at least 1, not {}", hop);
  i64 n_fft = window.numel();
  check(samples >= n_fft, op, "{} samples are fewer than the {} of a frame: window {}", samples,
        n_fft, window);
  return {.count = count,
          .samples = samples,
          .n_fft = n_fft,
          .hop = hop,
          .frames = 1 + (samples - n_fft) / hop};
}

}  // namespace

Tensor stft(const Tensor& x, const Tensor& window, i64 hop) {
  check_operand("stft", "the signal", x, Takes::f32_or_f64);
  check(x.rank() == 2, "stft", "the signal must be (count, samples): {}", x);
  StftShape s = stft_shape("stft", x.dim(0), x.dim(1), window, hop);
  check_same_dtype("stft", {&x, &window});
  check_same_device("stft", {&x, &window});
  Tensor y = empty({s.count, s.frames, s.bins(), 2}, x.dtype(), x.device());
  if (y.numel() > 0) {
    Tensor signal = x.contiguous(), weights = window.contiguous();
    backend(x.device()).stft(s, x.dtype(), signal.raw(), weights.raw(), y.raw());
  }
  return y;
}

Tensor band_power(const Tensor& x, const Tensor& window, i64 hop, const Tensor& weights,
                  double power) {
  check_operand("band_power", "the signal", x, Takes::f32_or_f64);
  check(x.rank() == 2, "band_power", "the signal must be (count, samples): {}", x);
  StftShape s = stft_shape("band_power", x.dim(0), x.dim(1), window, hop);
  check(weights.rank() == 2 && weights.dim(1) == s.bins(), "band_power",
        "weights must be (bands, {}): {}", s.bins(), weights);
  check_same_dtype("band_power", {&x, &window, &weights});
  check_same_device("band_power", {&x, &window, &weights});
  Tensor y = empty({s.count, weights.dim(0), s.frames}, x.dtype(), x.device());
  if (y.numel() > 0) {
    Tensor signal = x.contiguous(), shape = window.contiguous(), bands = weights.contiguous();
    backend(x.device())
        .band_power(s, weights.dim(0), power, x.dtype(), signal.raw(), shape.raw(), bands.raw(),
                    y.raw());
  }
  return y;
}

Tensor stft_backward(const Tensor& dy, const Tensor& window, i64 hop, i64 samples) {
  check_operand("stft_backward", "dy", dy, Takes::f32_or_f64);
  check(dy.rank() == 4, "stft_backward", "dy must be (count, frames, bins, 2): {}", dy);
  StftShape s = stft_shape("stft_backward", dy.dim(0), samples, window, hop);
  Shape expected{s.count, s.frames, s.bins(), 2};
  check(dy.shape() == expected, "stft_backward", "dy must be {}: {}", expected, dy);
  check_same_dtype("stft_backward", {&dy, &window});
  check_same_device("stft_backward", {&dy, &window});
  Tensor dx = empty({s.count, samples}, dy.dtype(), dy.device());
  if (dx.numel() > 0) {
    Tensor gradient = dy.contiguous(), weights = window.contiguous();
    backend(dy.device()).stft_backward(s, dy.dtype(), gradient.raw(), weights.raw(), dx.raw());
  }
  return dx;
}

Tensor irfft(const Tensor& y, i64 n) {
  check_operand("irfft", "the spectrum", y, Takes::f32_or_f64);
  check(n >= 1, "irfft", "n must be at least 1, not {}: {}", n, y);
  check(y.rank() == 3 && y.dim(1) == n / 2 + 1 && y.dim(2) == 2, "irfft",
        "the spectrum of {} samples must be (count, {}, 2): {}", n, n / 2 + 1, y);
  Tensor x = empty({y.dim(0), n}, y.dtype(), y.device());
  if (x.numel() > 0) {
    backend(y.device()).irfft(y.dtype(), y.dim(0), n, y.contiguous().raw(), x.raw());
  }
  return x;
}

}  // namespace melgrad
