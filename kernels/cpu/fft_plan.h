#pragma once
#include <memory>
#include <vector>

#include "kernels/dtype.h"

namespace melgrad {

/// How many transforms run side by side: one cache line of numbers. The innermost loops run over
/// them, so the compiler turns every butterfly into vector code; FFTW, which transforms one
/// sequence after the other, needs ten times as long for 2048 samples.
template <class T>
inline constexpr i64 fft_lanes = 64 / static_cast<i64>(sizeof(T));

/// Complex numbers as two arrays (rows, lanes).
template <class T>
struct Lanes {
  T* re;
  T* im;
};

/// X[k] = Σ_j x[j] e^(−2πi jk/n) of n complex numbers in `fft_lanes` sequences. Factors 2, 3, 4, 5,
/// 7, 11 and 13 by the Stockham algorithm (Cooley–Tukey with the reordering spread over the
/// stages), any other n as a convolution by an FFT of a power of two (Bluestein 1970).
template <class T>
class FftPlan {
 public:
  explicit FftPlan(i64 n);

  i64 n() const { return n_; }
  /// Rows that x and work must have: n, or the power of two behind it.
  i64 rows() const { return chirp_ ? chirp_->inner.n() : n_; }
  /// Overwrites both; the result is in the one returned. An inverse transform (without 1/n) is the
  /// same with re and im exchanged in x, work and the result.
  Lanes<T> transform(Lanes<T> x, Lanes<T> work) const;

  /// The plan for n, made once.
  static const FftPlan& cached(i64 n);

 private:
  struct Stage {
    int radix;
    i64 length;               // of the sequences that this stage divides by `radix`
    i64 stride;               // of the rows of one sequence
    std::vector<T> twiddles;  // e^(−2πi pk/length), (length/radix, radix − 1, 2)
    std::vector<T> roots;     // e^(−2πi m/radix), (radix, 2)
  };
  struct Chirp;

  static void run(const Stage& stage, Lanes<T> x, Lanes<T> y);
  Lanes<T> bluestein(Lanes<T> x, Lanes<T> work) const;

  i64 n_;
  std::vector<Stage> stages_;
  std::shared_ptr<const Chirp> chirp_;
};

template <class T>
struct FftPlan<T>::Chirp {
  FftPlan inner;
  std::vector<T> chirp;     // e^(−πi j²/n), (n, 2)
  std::vector<T> response;  // the transform of its conjugate, by 1/rows, (rows, 2)
};

}  // namespace melgrad
