#pragma once
#include <vector>

#include "kernels/cpu/fft_plan.h"

namespace melgrad {

/// The transform of n real numbers, `fft_lanes` sequences side by side, and back. An even n goes
/// through a complex transform of n/2: z[j] = x[2j] + i x[2j + 1].
template <class T>
class RealFft {
 public:
  explicit RealFft(i64 n);
  RealFft(const RealFft&) = delete;
  RealFft& operator=(const RealFft&) = delete;

  i64 bins() const { return n_ / 2 + 1; }
  /// The lanes of sample j, where forward() expects and inverse() leaves them.
  T* sample(i64 j) {
    if (n_ % 2 == 1) return x_.re + j * lanes;
    return (j % 2 == 0 ? x_.re : x_.im) + j / 2 * lanes;
  }
  /// The samples become n/2 + 1 bins.
  Lanes<T> forward();
  /// Where inverse() expects its bins; the imaginary parts of bin 0 and, for an even n, of bin n/2
  /// are taken as 0.
  Lanes<T> bins_in() const { return spectrum_; }
  /// x[j] = Σ over all n bins of the Hermitian continuation, times e^(2πi jk/n); not divided by n.
  /// The samples are then at sample(j).
  void inverse();

 private:
  static constexpr i64 lanes = fft_lanes<T>;

  i64 n_;
  const FftPlan<T>& plan_;
  std::vector<T> memory_;
  std::vector<T> turns_;  // e^(−2πi k/n), k = 0 … n/2, (n/2 + 1, 2), for an even n
  Lanes<T> x_, work_, spectrum_;
};

}  // namespace melgrad
