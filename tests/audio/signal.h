#pragma once
#include <cmath>
#include <numbers>
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// The signal of tests/goldens/audio.py: two gliding tones and noise, f64 (n), 22 050 Hz.
inline Tensor test_signal(i64 n) {
  std::uint32_t state = 1;
  std::vector<double> y;
  for (i64 i = 0; i < n; ++i) {
    state = state * 1664525U + 1013904223U;
    double noise = state / 2147483648. - 1, t = static_cast<double>(i) / 22050;
    constexpr double turn = 2 * std::numbers::pi;
    y.push_back(.5 * std::sin(turn * (200 + 900 * t) * t) + .2 * std::sin(turn * 3000 * t) +
                .1 * noise);
  }
  return from_vector(y);
}

}  // namespace melgrad
