#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {

// w_ij = 1 / (1 + |y_i − y_j|²):  Σ_j p w (y_i − y_j),  Σ_j w² (y_i − y_j),  Σ_j w,  j ≠ i
void tsne_sums(i64 n, const double* p_, const double* y_, double* sums_) {
  Array p(p_, n, n);
  Array y(y_, i64{2}, n);
  Array sums(sums_, i64{5}, n);
  for (auto [s, i] : indices(5, n)) sums(s, i) = 0;
  for (auto [i, j] : indices(n, n)) {
    if (i == j) continue;
    double dx = y(0, i) - y(0, j), dy = y(1, i) - y(1, j);
    double w = 1 / (1 + dx * dx + dy * dy);
    sums(0, i) += p(i, j) * w * dx;
    sums(1, i) += p(i, j) * w * dy;
    sums(2, i) += w * w * dx;
    sums(3, i) += w * w * dy;
    sums(4, i) += w;
  }
}

}  // namespace melgrad::reference
