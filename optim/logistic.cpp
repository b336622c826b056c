#include "optim/logistic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/ops.h"

namespace melgrad {

LogisticRegression::Terms LogisticRegression::row(i64 index, const Tensor& w,
                                                  double* residual) const {
  const i64 classes = w.dim(0), width = w.dim(1), label = labels[static_cast<std::size_t>(index)];
  const auto *weights_of = w.data<double>(), *values = x.data<double>() + index * width;
  for (i64 c = 0; c < classes; ++c)
    residual[c] = std::inner_product(values, values + width, weights_of + c * width, 0.0);
  double own = residual[label], top = *std::max_element(residual, residual + classes), sum = 0;
  for (i64 c = 0; c < classes; ++c) sum += std::exp(residual[c] - top);
  double log_sum = top + std::log(sum), weight = weights[static_cast<std::size_t>(label)];
  for (i64 c = 0; c < classes; ++c)
    residual[c] = weight * (std::exp(residual[c] - log_sum) - (c == label ? 1 : 0));
  return {weight * (log_sum - own), own == top ? 1 : 0};
}

LogisticRegression::Terms LogisticRegression::all(const Tensor& w, Tensor& gradient) const {
  Terms sum;
  const i64 classes = w.dim(0), width = w.dim(1);
  std::vector<double> residual(static_cast<std::size_t>(classes));
  gradient = zeros(w.shape(), Dtype::f64);
  for (i64 i = 0; i < rows(); ++i) {
    Terms term = row(i, w, residual.data());
    sum.loss += term.loss;
    sum.right += term.right;
    for (i64 c = 0; c < classes; ++c) {
      double share = residual[static_cast<std::size_t>(c)] / static_cast<double>(rows());
      const auto* values = x.data<double>() + i * width;
      auto* g = gradient.data<double>() + c * width;
      for (i64 j = 0; j < width; ++j) g[j] += share * values[j];
    }
  }
  return sum;
}

}  // namespace melgrad
