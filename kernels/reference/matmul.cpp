#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {

// y[b,i,j] = bias[j] + Σ_l a[b,i,l] · w[b,l,j]
void matmul(const MatmulShape& s, const double* a, const double* w, const double* bias,
            double* y_) {
  Array y(y_, s.batch, s.m, s.n);
  for (auto [b, i, j] : indices(s.batch, s.m, s.n)) {
    double sum = bias ? bias[j] : 0;
    for (i64 l = 0; l < s.k; ++l)
      sum += a[b * s.a_batch + i * s.a_row + l * s.a_col] *
             w[b * s.b_batch + l * s.b_row + j * s.b_col];
    y(b, i, j) = sum;
  }
}

}  // namespace melgrad::reference
