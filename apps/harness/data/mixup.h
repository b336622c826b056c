#pragma once
#include <vector>

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace melgrad {

/// How a batch is mixed with itself: x[i] becomes λ[i] x[i] + (1 − λ[i]) x[partner[i]].
/// Zhang et al. 2017, arXiv 1710.09412, in the form of fastai 2.7: a λ for each example, the larger
/// of λ and 1 − λ.
struct Mixup {
  std::vector<i64> partner;   // a permutation of the batch
  std::vector<float> lambda;  // in [1/2, 1]

  /// x (N, …) f32, on any device.
  Tensor mixed(const Tensor& x) const;
  /// The labels' shares: (N, classes) f32, on the CPU.
  Tensor targets(const std::vector<i64>& labels, i64 classes) const;
};

/// λ ~ Beta(alpha, alpha).
Mixup draw_mixup(i64 batch, double alpha, Generator& generator);

/// Of the Beta distribution, by two gamma variables (Marsaglia & Tsang 2000, ACM TOMS 26(3)).
double draw_beta(double a, double b, Generator& generator);

}  // namespace melgrad
