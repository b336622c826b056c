#include <cmath>
#include <limits>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {

// y_j = exp(x_j) / Σ exp(x);  log: x_j − log Σ exp(x).  The row's maximum is taken from every x_j
// first, which changes neither but keeps exp from overflowing.
void softmax(bool log, i64 rows, i64 cols, const double* x_, double* y_) {
  Array x(x_, rows, cols);
  Array y(y_, rows, cols);
  for (i64 r = 0; r < rows; ++r) {
    double max = -std::numeric_limits<double>::infinity(), sum = 0;
    for (i64 j = 0; j < cols; ++j) max = x(r, j) > max ? x(r, j) : max;
    for (i64 j = 0; j < cols; ++j) sum += std::exp(x(r, j) - max);
    for (i64 j = 0; j < cols; ++j)
      y(r, j) = log ? x(r, j) - max - std::log(sum) : std::exp(x(r, j) - max) / sum;
  }
}

// dx_j = y_j (dy_j − Σ dy y);  log: dx_j = dy_j − exp(y_j) Σ dy
void softmax_backward(bool log, i64 rows, i64 cols, const double* y_, const double* dy_,
                      double* dx_) {
  Array y(y_, rows, cols);
  Array dy(dy_, rows, cols);
  Array dx(dx_, rows, cols);
  for (i64 r = 0; r < rows; ++r) {
    double sum = 0;
    for (i64 j = 0; j < cols; ++j) sum += log ? dy(r, j) : dy(r, j) * y(r, j);
    for (i64 j = 0; j < cols; ++j)
      dx(r, j) = log ? dy(r, j) - std::exp(y(r, j)) * sum : y(r, j) * (dy(r, j) - sum);
  }
}

}  // namespace melgrad::reference
