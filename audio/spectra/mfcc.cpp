#include "audio/spectra/mfcc.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr double pi = std::numbers::pi;

// N values x[m] become
//   type 1: y[k] = x[0] + (−1)^k x[N−1] + 2 Σ_{0<m<N−1} x[m] cos(π m k/(N−1))
//   type 2: y[k] = 2 Σ_m x[m] cos(π (2m + 1) k/2N)
//   type 3: y[k] = x[0] + 2 Σ_{0<m} x[m] cos(π m (2k + 1)/2N)
// orthonormal: what stands at an end of the cosines' half wave gets a factor √½, and all one of
// √(½/(N−1)) (type 1) or √(½/N).
class Dct {
 public:
  Dct(int type, i64 length, bool orthonormal)
      : type_(type), length_(length), orthonormal_(orthonormal) {
    i64 half = type == 1 ? length - 1 : 2 * length;
    for (i64 j = 0; j < 2 * half; ++j)
      cosines_.push_back(std::cos(pi * static_cast<double>(j) / static_cast<double>(half)));
  }

  /// The weight of x[m] in y[k].
  double operator()(i64 k, i64 m) const {
    auto n = static_cast<double>(length_);
    bool m_at_end = m == 0 || (type_ == 1 && m == length_ - 1);
    bool k_at_end = k == 0 || (type_ == 1 && k == length_ - 1);
    if (type_ == 1) {
      double value = (m_at_end ? 1 : 2) * cosine(m * k);
      if (!orthonormal_) return value;
      return value * (m_at_end ? std::numbers::sqrt2 : 1) * (k_at_end ? std::sqrt(.5) : 1) *
             std::sqrt(.5 / (n - 1));
    }
    if (type_ == 2) {
      double value = 2 * cosine((2 * m + 1) * k);
      return orthonormal_ ? value * (k_at_end ? std::sqrt(.25 / n) : std::sqrt(.5 / n)) : value;
    }
    double value = (m_at_end ? 1 : 2) * cosine(m * (2 * k + 1));
    return orthonormal_ ? value * (m_at_end ? std::sqrt(1 / n) : std::sqrt(.5 / n)) : value;
  }

 private:
  /// All angles are multiples of one: fewer cosines than weights, and exact however large.
  double cosine(i64 multiple) const {
    return cosines_[static_cast<std::size_t>(multiple) % cosines_.size()];
  }

  int type_;
  i64 length_;
  bool orthonormal_;
  std::vector<double> cosines_;
};

/// The weights c with Σ_i c[i] x[i] the order-th derivative of the best polynomial of that degree
/// through x[−half … half]: order! times its leading coefficient, found with the monic polynomials
/// that are orthogonal on these points (Gram).
std::vector<double> derivative_weights(i64 width, i64 order) {
  auto size = static_cast<std::size_t>(width);
  i64 half = width / 2;
  std::vector<double> before(size, 0), now(size, 1);
  double before_norm = 1, factorial = 1;
  auto norm = [](const std::vector<double>& p) {
    double sum = 0;
    for (double value : p) sum += value * value;
    return sum;
  };
  for (i64 degree = 1; degree <= order; ++degree) {
    double ratio = degree == 1 ? 0 : norm(now) / before_norm;
    std::vector<double> next(size);
    for (std::size_t i = 0; i < size; ++i)
      next[i] = static_cast<double>(static_cast<i64>(i) - half) * now[i] - ratio * before[i];
    before_norm = norm(now);
    before = std::move(now);
    now = std::move(next);
    factorial *= static_cast<double>(degree);
  }
  double scale = factorial / norm(now);
  for (double& value : now) value *= scale;
  return now;
}

}  // namespace

Tensor dct_matrix(int type, i64 n, i64 length, bool orthonormal, Dtype dtype) {
  check(type >= 1 && type <= 3, "dct", "knows types 1, 2 and 3, not {}", type);
  check(n >= 1 && length >= (type == 1 ? 2 : 1), "dct", "{} coefficients of {} values", n, length);
  n = std::min(n, length);
  Dct weight(type, length, orthonormal);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(n * length));
  for (i64 k = 0; k < n; ++k)
    for (i64 m = 0; m < length; ++m) values.push_back(weight(k, m));
  return from_vector(values, {n, length}).to(dtype);
}

Tensor mfcc(const Tensor& log_mel, const MfccOptions& options) {
  check(log_mel.rank() >= 2, "mfcc", "needs (…, n_mels, frames): {}", log_mel);
  check(options.lifter >= 0, "mfcc", "lifter must not be negative, not {}", options.lifter);
  Tensor matrix = dct_matrix(options.dct_type, options.n_mfcc, log_mel.dim(-2), options.orthonormal,
                             log_mel.dtype());
  if (options.lifter > 0) {
    std::vector<double> factors;
    for (i64 k = 1; k <= matrix.dim(0); ++k)
      factors.push_back(1 + options.lifter / 2 *
                                std::sin(pi * static_cast<double>(k) / options.lifter));
    matrix = matrix * from_vector(factors, {matrix.dim(0), 1}).to(matrix.dtype());
  }
  return matmul(matrix.to(log_mel.device()), log_mel);
}

Tensor mfcc(const Tensor& x, const MfccOptions& options, const MelOptions& mel,
            const StftOptions& stft, const DecibelOptions& decibel) {
  return mfcc(power_to_db(melspectrogram(x, mel, stft), decibel), options);
}

Tensor delta(const Tensor& x, i64 width, i64 order, DeltaEdge edge) {
  check(width >= 3 && width % 2 == 1 && order >= 1 && order < width, "delta",
        "width {} must be odd and at least 3, order {} between 1 and width − 1", width, order);
  check(x.rank() >= 1 && x.dim(-1) >= 1, "delta", "needs (…, frames): {}", x);
  i64 frames = x.dim(-1), half = width / 2;
  check(edge == DeltaEdge::nearest || frames >= width, "delta",
        "a width of {} needs as many frames: {}", width, x);
  std::vector<double> weights = derivative_weights(width, order);
  Tensor sum;
  for (i64 i = 0; i < width; ++i) {
    std::vector<i64> index;
    for (i64 t = 0; t < frames; ++t) {
      i64 centre = edge == DeltaEdge::interp ? std::clamp(t, half, frames - 1 - half) : t;
      index.push_back(std::clamp<i64>(centre + i - half, 0, frames - 1));
    }
    Tensor shifted = index_select(x, -1, from_vector(index).to(x.device()));
    Tensor term = shifted * weights[static_cast<std::size_t>(i)];
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

}  // namespace melgrad
