#include "kernels/cpu/fft/real_fft.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>

#include "kernels/cpu/loops/simd.h"

namespace melgrad {
namespace {

// With a = Z[k], b = Z[h − k]* (Z[h] is Z[0]), h = n/2, w = e^(−2πi k/n):
//   X[k] = ½ (a + b) − ½ i w (a − b)      X[h − k] = (½ (a + b) + ½ i w (a − b))*
// store(row of bin k, lane, X[k]) for k = 0 … h
template <class Store>
[[gnu::always_inline]] inline void separate(i64 h, const double* turns, Lanes z, Store store) {
  for (i64 k = 0; 2 * k <= h; ++k) {
    Complex w{.5 * turns[2 * k], .5 * turns[2 * k + 1]};
    Lanes front = z.row(k), back = z.row((h - k) % h);
    for_lanes([=](i64 l) {
      Complex a = front[l], b = conjugate(back[l]), sum = .5 * (a + b),
              turned = times_i(w * (a - b));
      store(k, l, sum - turned);
      store(h - k, l, conjugate(sum + turned));
    });
  }
}

// Z[k] = (X[k] + X[h − k]*) + i e^(2πi k/n) (X[k] − X[h − k]*)
[[gnu::always_inline]] inline void join(i64 h, const double* turns, Lanes x, Lanes z) {
  std::fill_n(x.im, fft_lanes, 0);
  std::fill_n(x.row(h).im, fft_lanes, 0);
  for (i64 k = 0; k < h; ++k) {
    Complex w{turns[2 * k], -turns[2 * k + 1]};
    Lanes front = x.row(k), back = x.row(h - k), to = z.row(k);
    for_lanes([=](i64 l) {
      Complex a = front[l], b = conjugate(back[l]);
      to.set(l, a + b + times_i(w * (a - b)));
    });
  }
}

MELGRAD_SIMD void separate_bins(i64 h, const double* turns, Lanes z, Lanes x) {
  separate(h, turns, z, [x](i64 k, i64 l, Complex value) { x.row(k).set(l, value); });
}
MELGRAD_SIMD void separate_power(i64 h, const double* turns, Lanes z, double* power) {
  separate(h, turns, z, [power](i64 k, i64 l, Complex value) {
    power[k * fft_lanes + l] = squared_magnitude(value);
  });
}
MELGRAD_SIMD void join_bins(i64 h, const double* turns, Lanes x, Lanes z) { join(h, turns, x, z); }

}  // namespace

RealFft::RealFft(i64 n) : n_(n), plan_(FftPlan::cached(n % 2 == 0 ? n / 2 : n)) {
  i64 size = plan_.rows() * fft_lanes, spectrum_size = bins() * fft_lanes;
  // A cache line between the arrays keeps powers of two apart in the cache's sets.
  memory_.resize(
      static_cast<std::size_t>(4 * (size + fft_lanes) + 2 * (spectrum_size + fft_lanes)));
  auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  double* next = memory_.data() + (64 - address % 64) % 64 / sizeof(double);
  auto take = [&next](i64 count) {
    double* taken = next;
    next += count + fft_lanes;
    return taken;
  };
  x_ = {take(size), take(size)};
  work_ = {take(size), take(size)};
  spectrum_ = {take(spectrum_size), next};
  for (i64 k = 0; n % 2 == 0 && k <= n / 2; ++k) {
    double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    turns_.push_back(std::cos(angle));
    turns_.push_back(std::sin(angle));
  }
}

RealFft& RealFft::of_this_thread(i64 n) {
  static thread_local std::unique_ptr<RealFft> last;
  if (!last || last->n_ != n) last = std::make_unique<RealFft>(n);
  return *last;
}

SampleRows RealFft::samples_in(Lanes rows) const {
  if (n_ % 2 == 0) return {rows.re, rows.im, fft_lanes};
  return {rows.re, rows.re + fft_lanes, 2 * fft_lanes};
}

Lanes RealFft::transform() {
  if (n_ % 2 == 1) std::fill_n(x_.im, n_ * fft_lanes, 0);
  return plan_.transform(x_, work_);
}

Lanes RealFft::forward() {
  Lanes z = transform();
  if (n_ % 2 == 1) return z;
  separate_bins(n_ / 2, turns_.data(), z, spectrum_);
  return spectrum_;
}

double* RealFft::power() {
  Lanes z = transform();
  if (n_ % 2 == 0)
    separate_power(n_ / 2, turns_.data(), z, spectrum_.re);
  else
    for (i64 i = 0; i < bins() * fft_lanes; ++i) spectrum_.re[i] = squared_magnitude(z[i]);
  return spectrum_.re;
}

SampleRows RealFft::inverse() {
  if (n_ % 2 == 0) {
    join_bins(n_ / 2, turns_.data(), spectrum_, x_);
  } else {
    std::fill_n(spectrum_.im, fft_lanes, 0);
    for (i64 i = 0; i < bins() * fft_lanes; ++i) {
      i64 k = i / fft_lanes, mirror = (n_ - k) % n_ * fft_lanes + i % fft_lanes;
      x_.set(mirror, conjugate(spectrum_[i]));
      x_.set(i, spectrum_[i]);
    }
  }
  return samples_in(plan_.transform(x_.exchanged(), work_.exchanged()).exchanged());
}

}  // namespace melgrad
