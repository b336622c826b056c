#pragma once
#include <vector>

#include "kernels/cpu/fft/fft_plan.h"

namespace melgrad {

/// Samples of `fft_lanes` sequences, the even and the odd ones in arrays (…, fft_lanes) whose rows
/// are `step` numbers apart.
struct SampleRows {
  double *even, *odd;
  i64 step;
  double* operator[](i64 j) const { return (j % 2 == 0 ? even : odd) + j / 2 * step; }
};

/// The transform of n real numbers, `fft_lanes` sequences side by side, and back. An even n goes
/// through a complex transform of n/2: z[j] = x[2j] + i x[2j + 1].
class RealFft {
 public:
  explicit RealFft(i64 n);
  RealFft(const RealFft&) = delete;
  RealFft& operator=(const RealFft&) = delete;

  /// This thread's for n, kept until it asks for another n.
  static RealFft& of_this_thread(i64 n);

  i64 bins() const { return n_ / 2 + 1; }
  /// Where forward() and power() expect the samples.
  SampleRows samples() const { return samples_in(x_); }
  /// The samples become n/2 + 1 bins.
  Lanes forward();
  /// |X|² of the bins, (bins, fft_lanes).
  double* power();
  /// Where inverse() expects its bins; the imaginary parts of bin 0 and, for an even n, of bin n/2
  /// are taken as 0.
  Lanes bins_in() const { return spectrum_; }
  /// x[j] = Σ over all n bins of the Hermitian continuation, times e^(2πi jk/n); not divided by n.
  SampleRows inverse();

 private:
  Lanes transform();
  SampleRows samples_in(Lanes rows) const;

  i64 n_;
  const FftPlan& plan_;
  std::vector<double> memory_;
  std::vector<double> turns_;  // e^(−2πi k/n), k = 0 … n/2, (n/2 + 1, 2), for an even n
  Lanes x_{}, work_{}, spectrum_{};
};

}  // namespace melgrad
