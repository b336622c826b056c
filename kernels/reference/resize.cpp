#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {

// y[o,j,i] = Σ_t weights[j,t] · x[o, first[j] + t, i]
void resize_axis(const ResizeShape& s, const double* x_, const i64* first, const double* weights_,
                 double* y_) {
  Array x(x_, s.outer, s.length, s.inner);
  Array weights(weights_, s.count, s.taps);
  Array y(y_, s.outer, s.count, s.inner);
  for (auto [o, j, i] : indices(s.outer, s.count, s.inner)) {
    double sum = 0;
    for (i64 t = 0; t < s.taps; ++t) sum += weights(j, t) * x(o, first[j] + t, i);
    y(o, j, i) = sum;
  }
}

}  // namespace melgrad::reference
