#pragma once
#include "kernels/dtype.h"

namespace melgrad {

/// How many transforms run side by side: one cache line of numbers. The innermost loops run over
/// them, so the compiler turns every butterfly into vector code; libraries that transform one
/// sequence after the other need several times as long.
inline constexpr i64 fft_lanes = 8;

#define MELGRAD_INLINE [[gnu::always_inline]] inline

struct Complex {
  double re, im;
};

MELGRAD_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
MELGRAD_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
MELGRAD_INLINE Complex operator*(double a, Complex b) { return {a * b.re, a * b.im}; }
MELGRAD_INLINE Complex operator*(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
MELGRAD_INLINE Complex conjugate(Complex a) { return {a.re, -a.im}; }
MELGRAD_INLINE double squared_magnitude(Complex a) { return a.re * a.re + a.im * a.im; }
MELGRAD_INLINE Complex times_i(Complex a) { return {-a.im, a.re}; }

/// Complex numbers as two arrays (rows, fft_lanes).
struct Lanes {
  double *re, *im;

  MELGRAD_INLINE Complex operator[](i64 i) const { return {re[i], im[i]}; }
  MELGRAD_INLINE void set(i64 i, Complex value) const {
    re[i] = value.re;
    im[i] = value.im;
  }
  MELGRAD_INLINE Lanes row(i64 number) const {
    return {re + number * fft_lanes, im + number * fft_lanes};
  }
  /// With real and imaginary parts exchanged a transform runs backwards.
  Lanes exchanged() const { return {im, re}; }
};

/// f(l) for every lane. The body is a function because g++ makes no vector code of an `omp simd`
/// loop with variables of class type in it.
template <class F>
MELGRAD_INLINE void for_lanes(F f) {
#pragma omp simd
  for (i64 l = 0; l < fft_lanes; ++l) f(l);
}

#undef MELGRAD_INLINE

}  // namespace melgrad
