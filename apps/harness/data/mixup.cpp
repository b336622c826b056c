#include "apps/harness/data/mixup.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops.h"

namespace melgrad {
namespace {

// Marsaglia & Tsang's squeeze for a shape of at least 1; a smaller one is that of shape + 1 times
// U^(1/shape).
double draw_gamma(double shape, Generator& generator) {
  if (shape < 1) {
    double u = 1 - generator.uniform();  // in (0, 1]
    return draw_gamma(shape + 1, generator) * std::pow(u, 1 / shape);
  }
  double d = shape - 1. / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    double x = generator.normal(), root = 1 + c * x, u = 1 - generator.uniform();
    if (root <= 0) continue;
    double v = root * root * root;
    if (std::log(u) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace

double draw_beta(double a, double b, Generator& generator) {
  check(a > 0 && b > 0, "mixup", "Beta's parameters are positive, not {} and {}", a, b);
  double x = draw_gamma(a, generator), y = draw_gamma(b, generator);
  return x + y > 0 ? x / (x + y) : .5;  // both underflow where a and b are near 0
}

Mixup draw_mixup(i64 batch, double alpha, Generator& generator) {
  Mixup mixup;
  mixup.partner = generator.permutation(batch);
  for (i64 i = 0; i < batch; ++i) {
    double lambda = draw_beta(alpha, alpha, generator);
    mixup.lambda.push_back(static_cast<float>(std::max(lambda, 1 - lambda)));
  }
  return mixup;
}

Tensor Mixup::mixed(const Tensor& x) const {
  if (x.rank() == 4 && x.is_channels_last() && !x.is_contiguous())  // and it stays so
    return mixed(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
  Shape each = Shape::filled(x.rank(), 1);
  each[0] = x.dim(0);
  Tensor share = from_vector(lambda).to(x.device()).reshape(each);
  Tensor other = index_select(x, 0, from_vector(partner).to(x.device()));
  return other + (x - other) * share;
}

Tensor Mixup::targets(const std::vector<i64>& labels, i64 classes) const {
  std::vector<float> shares(labels.size() * static_cast<std::size_t>(classes), 0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto row = static_cast<i64>(i) * classes;
    i64 other = labels[static_cast<std::size_t>(partner[i])];
    shares[static_cast<std::size_t>(row + labels[i])] += lambda[i];
    shares[static_cast<std::size_t>(row + other)] += 1 - lambda[i];
  }
  return from_vector(shares, {static_cast<i64>(labels.size()), classes});
}

}  // namespace melgrad
