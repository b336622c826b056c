#include "kernels/cudasim/libraries/fourier.h"

#include <cmath>
#include <numbers>

namespace melgrad::sim {
namespace {

using Values = std::vector<std::complex<double>>;

std::size_t smallest_factor(std::size_t n) {
  for (std::size_t p = 2; p * p <= n; ++p) {
    if (n % p == 0) return p;
  }
  return n;
}

// The transform of the n values x[0], x[stride], …, whose roots of unity are every stride-th of `roots`: with
// n = p m, of each p-th of them first (Cooley and Tukey 1965).
void transform(const std::complex<double>* x, std::complex<double>* y, std::size_t n,
               std::size_t stride, const Values& roots) {
  if (n <= 1) {
    *y = *x;
    return;
  }
  std::size_t p = smallest_factor(n), m = n / p;
  for (std::size_t r = 0; r < p; ++r) transform(x + r * stride, y + r * m, m, stride * p, roots);
  auto root = [&](std::size_t power) { return roots[power % n * stride]; };
  Values terms(p);
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t r = 0; r < p; ++r) terms[r] = y[r * m + k] * root(r * k);
    for (std::size_t q = 0; q < p; ++q) {
      std::complex<double> sum = terms[0];
      for (std::size_t r = 1; r < p; ++r) sum += terms[r] * root(r * q * m);
      y[q * m + k] = sum;
    }
  }
}

}  // namespace

Values fourier_transform(std::span<const std::complex<double>> x, int sign) {
  if (x.empty()) return {};
  std::size_t n = x.size();
  Values roots(n), y(n);
  for (std::size_t k = 0; k < n; ++k) {
    double angle = sign * 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    roots[k] = {std::cos(angle), std::sin(angle)};
  }
  transform(x.data(), y.data(), n, 1, roots);
  return y;
}

}  // namespace melgrad::sim
