#pragma once
#include <memory>
#include <vector>

#include "kernels/cpu/fft/lanes.h"

namespace melgrad {

/// One step of the Stockham algorithm: sequences of radix · m numbers, their rows `stride` apart,
/// become `radix` times as many of m.
struct FftStage {
  i64 radix, m, stride;
  std::vector<double> twiddles;  // e^(−2πi pk/(radix·m)), (m, radix − 1, 2), p < m, 0 < k < radix
  std::vector<double> roots;  // e^(−2πi k/radix), (radix, 2)
};

/// X[k] = Σ_j x[j] e^(−2πi jk/n) of n complex numbers in `fft_lanes` sequences. Factors 2, 3, 4, 5,
/// 7, 8, 11 and 13 by the Stockham algorithm (Cooley–Tukey with the reordering spread over the
/// stages), any other n as a convolution by an FFT of a power of two (Bluestein 1970).
class FftPlan {
 public:
  explicit FftPlan(i64 n);

  i64 n() const { return n_; }
  /// Rows that x and work must have: n, or the power of two behind it.
  i64 rows() const;
  /// Overwrites both; the result is in the one returned. An inverse transform (without 1/n) is the
  /// same with re and im exchanged in x, work and the result.
  Lanes transform(Lanes x, Lanes work) const;

  /// The plan for n, made once.
  static const FftPlan& cached(i64 n);

 private:
  struct Chirp;

  Lanes bluestein(Lanes x, Lanes work) const;

  i64 n_;
  std::vector<FftStage> stages_;
  std::shared_ptr<const Chirp> chirp_;
};

}  // namespace melgrad
