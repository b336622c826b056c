#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {

// y[o,j,i] = x[o, index[o,j,i], i]
void gather(const IndexShape& s, const double* x_, const i64* index_, double* y_) {
  Array x(x_, s.outer, s.length, s.inner);
  Array index(index_, s.outer, s.count, s.inner);
  Array y(y_, s.outer, s.count, s.inner);
  for (auto [o, j, i] : indices(s.outer, s.count, s.inner)) y(o, j, i) = x(o, index(o, j, i), i);
}

// dx[o, index[o,j,i], i] += dy[o,j,i]
void scatter_add(const IndexShape& s, const double* dy_, const i64* index_, double* dx_) {
  Array dy(dy_, s.outer, s.count, s.inner);
  Array index(index_, s.outer, s.count, s.inner);
  Array dx(dx_, s.outer, s.length, s.inner);
  for (auto [o, j, i] : indices(s.outer, s.count, s.inner)) dx(o, index(o, j, i), i) += dy(o, j, i);
}

// y[o,j,i] = x[o, index[j], i]
void index_select(const IndexShape& s, const double* x_, const i64* index, double* y_) {
  Array x(x_, s.outer, s.length, s.inner);
  Array y(y_, s.outer, s.count, s.inner);
  for (auto [o, j, i] : indices(s.outer, s.count, s.inner)) y(o, j, i) = x(o, index[j], i);
}

// dx[o, index[j], i] += dy[o,j,i]
void index_add(const IndexShape& s, const double* dy_, const i64* index, double* dx_) {
  Array dy(dy_, s.outer, s.count, s.inner);
  Array dx(dx_, s.outer, s.length, s.inner);
  for (auto [o, j, i] : indices(s.outer, s.count, s.inner)) dx(o, index[j], i) += dy(o, j, i);
}

}  // namespace melgrad::reference
