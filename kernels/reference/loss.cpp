#include <cmath>
#include <limits>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

// x, dx (rows, cols)  target (rows)
namespace melgrad::reference {
namespace {

// log Σ_j exp(x[r,j]), the row's maximum m taken out: m + log Σ_j exp(x[r,j] − m)
double log_sum_exp(const Array<const double, 2>& x, i64 r, i64 cols) {
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (i64 j = 0; j < cols; ++j) max = x(r, j) > max ? x(r, j) : max;
  for (i64 j = 0; j < cols; ++j) sum += std::exp(x(r, j) - max);
  return max + std::log(sum);
}

}  // namespace

// y = 1/rows Σ_r (log Σ_j exp(x[r,j]) − x[r,target[r]])
void cross_entropy(i64 rows, i64 cols, const double* x_, const i64* target, double* y) {
  Array x(x_, rows, cols);
  double sum = 0;
  for (i64 r = 0; r < rows; ++r) sum += log_sum_exp(x, r, cols) - x(r, target[r]);
  *y = sum / static_cast<double>(rows);
}

// dx[r,j] = dy/rows (exp(x[r,j]) / Σ_j exp(x[r,j]) − [j = target[r]])
void cross_entropy_backward(i64 rows, i64 cols, const double* x_, const i64* target,
                            const double* dy, double* dx_) {
  Array x(x_, rows, cols);
  Array dx(dx_, rows, cols);
  for (i64 r = 0; r < rows; ++r) {
    double log_sum = log_sum_exp(x, r, cols);
    for (i64 j = 0; j < cols; ++j)
      dx(r, j) = *dy / static_cast<double>(rows) *
                 (std::exp(x(r, j) - log_sum) - (j == target[r] ? 1 : 0));
  }
}

}  // namespace melgrad::reference
