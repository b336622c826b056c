#include "kernels/cpu/real_fft.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "kernels/cpu/simd.h"

namespace melgrad {
namespace {

// With a = Z[k], b = Z[h − k] (Z[h] is Z[0]), h = n/2, w = e^(−2πi k/n):
// X[k] = ½ (a + b*) − ½ i w (a − b*)
template <class T>
[[gnu::always_inline]] inline void separate(i64 h, const T* turns, Lanes<T> z, Lanes<T> x) {
  constexpr i64 L = fft_lanes<T>;
  for (i64 k = 0; k <= h; ++k) {
    const T c = turns[2 * k], s = turns[2 * k + 1];
    i64 a = k % h * L, b = (h - k) % h * L;
    T *xr = x.re + k * L, *xi = x.im + k * L;
#pragma omp simd
    for (i64 l = 0; l < L; ++l) {
      T sr = z.re[a + l] + z.re[b + l], si = z.im[a + l] - z.im[b + l];
      T dr = z.re[a + l] - z.re[b + l], di = z.im[a + l] + z.im[b + l];
      xr[l] = T(.5) * (sr + (c * di + s * dr));
      xi[l] = T(.5) * (si - (c * dr - s * di));
    }
  }
}

// Z[k] = (X[k] + X[h − k]*) + i e^(2πi k/n) (X[k] − X[h − k]*)
template <class T>
[[gnu::always_inline]] inline void join(i64 h, const T* turns, Lanes<T> x, Lanes<T> z) {
  constexpr i64 L = fft_lanes<T>;
  for (i64 l = 0; l < L; ++l) x.im[l] = x.im[h * L + l] = 0;
  for (i64 k = 0; k < h; ++k) {
    const T c = turns[2 * k], s = turns[2 * k + 1];
    i64 a = k * L, b = (h - k) * L;
    T *zr = z.re + k * L, *zi = z.im + k * L;
#pragma omp simd
    for (i64 l = 0; l < L; ++l) {
      T sr = x.re[a + l] + x.re[b + l], si = x.im[a + l] - x.im[b + l];
      T dr = x.re[a + l] - x.re[b + l], di = x.im[a + l] + x.im[b + l];
      zr[l] = sr - (c * di - s * dr);
      zi[l] = si + (c * dr + s * di);
    }
  }
}

MELGRAD_SIMD void separate_bins(i64 h, const float* turns, Lanes<float> z, Lanes<float> x) {
  separate(h, turns, z, x);
}
MELGRAD_SIMD void separate_bins(i64 h, const double* turns, Lanes<double> z, Lanes<double> x) {
  separate(h, turns, z, x);
}
MELGRAD_SIMD void join_bins(i64 h, const float* turns, Lanes<float> x, Lanes<float> z) {
  join(h, turns, x, z);
}
MELGRAD_SIMD void join_bins(i64 h, const double* turns, Lanes<double> x, Lanes<double> z) {
  join(h, turns, x, z);
}

}  // namespace

template <class T>
RealFft<T>::RealFft(i64 n) : n_(n), plan_(FftPlan<T>::cached(n % 2 == 0 ? n / 2 : n)) {
  i64 size = plan_.rows() * lanes, spectrum_size = bins() * lanes;
  // A cache line between the arrays keeps powers of two apart in the cache's sets.
  memory_.resize(static_cast<std::size_t>(4 * (size + lanes) + 2 * (spectrum_size + lanes)));
  auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  T* next = memory_.data() + (64 - address % 64) % 64 / sizeof(T);
  auto take = [&next](i64 count) {
    T* taken = next;
    next += count + lanes;
    return taken;
  };
  x_.re = take(size);
  x_.im = take(size);
  work_.re = take(size);
  work_.im = take(size);
  spectrum_.re = take(spectrum_size);
  spectrum_.im = next;
  for (i64 k = 0; n % 2 == 0 && k <= n / 2; ++k) {
    double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    turns_.push_back(static_cast<T>(std::cos(angle)));
    turns_.push_back(static_cast<T>(std::sin(angle)));
  }
}

template <class T>
Lanes<T> RealFft<T>::forward() {
  bool even = n_ % 2 == 0;
  if (!even) std::fill(x_.im, x_.im + n_ * lanes, T{0});
  Lanes<T> z = plan_.transform(x_, work_);
  if (!even) return z;
  separate_bins(n_ / 2, turns_.data(), z, spectrum_);
  return spectrum_;
}

template <class T>
void RealFft<T>::inverse() {
  if (n_ % 2 == 0) {
    join_bins(n_ / 2, turns_.data(), spectrum_, x_);
  } else {
    std::fill(spectrum_.im, spectrum_.im + lanes, T{0});
    for (i64 i = 0; i < bins() * lanes; ++i) {
      i64 k = i / lanes, mirror = (n_ - k) % n_ * lanes + i % lanes;
      x_.re[i] = x_.re[mirror] = spectrum_.re[i];
      x_.im[mirror] = -spectrum_.im[i];
      x_.im[i] = spectrum_.im[i];
    }
  }
  Lanes<T> z = plan_.transform({x_.im, x_.re}, {work_.im, work_.re});
  if (z.re != x_.im) std::swap(x_, work_);
}

template class RealFft<float>;
template class RealFft<double>;

}  // namespace melgrad
