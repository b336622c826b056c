#include "audio/spectra/window.h"

#include <cmath>
#include <numbers>
#include <vector>

namespace melgrad {
namespace {

// I₀(x) = Σ_k ((x/2)^k / k!)²: all terms are positive, so nothing cancels.
double bessel_i0(double x) {
  double term = 1, sum = 1;
  for (int k = 1; term > sum * 1e-17; ++k) {
    double factor = x / (2 * k);
    term *= factor * factor;
    sum += term;
  }
  return sum;
}

/// At u in [0, 1], from the window's beginning to its end (Harris 1978, "On the use of windows").
double value_at(WindowKind kind, double u, double beta) {
  double a = 2 * std::numbers::pi * u;
  switch (kind) {
    case WindowKind::hann: return .5 - .5 * std::cos(a);
    case WindowKind::hamming: return .54 - .46 * std::cos(a);
    case WindowKind::blackman: return .42 - .5 * std::cos(a) + .08 * std::cos(2 * a);
    case WindowKind::bartlett: return 1 - std::abs(2 * u - 1);
    case WindowKind::kaiser: {
      double v = 2 * u - 1;
      return bessel_i0(beta * std::sqrt(std::max(0., 1 - v * v))) / bessel_i0(beta);
    }
    case WindowKind::rectangular: return 1;
  }
  return 1;
}

}  // namespace

Tensor make_window(WindowKind kind, i64 n, const WindowOptions& options, Dtype dtype) {
  check(n >= 1, "make_window", "needs at least one value, not {}", n);
  std::vector<double> values(static_cast<std::size_t>(n), 1);
  i64 steps = options.periodic ? n : n - 1;
  for (i64 i = 0; i < n && n > 1; ++i)
    values[static_cast<std::size_t>(i)] =
        2 * i <= steps
            ? value_at(kind, static_cast<double>(i) / static_cast<double>(steps), options.beta)
            : values[static_cast<std::size_t>(steps - i)];
  return from_vector(values).to(dtype);
}

WindowKind parse_window(std::string_view name) {
  if (name == "hann") return WindowKind::hann;
  if (name == "hamming") return WindowKind::hamming;
  if (name == "blackman") return WindowKind::blackman;
  if (name == "bartlett") return WindowKind::bartlett;
  if (name == "kaiser") return WindowKind::kaiser;
  if (name == "rectangular" || name == "boxcar") return WindowKind::rectangular;
  fail("window", "no window '{}': hann, hamming, blackman, bartlett, kaiser, rectangular", name);
}

}  // namespace melgrad
