#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {

// target[i·target_stride] = source[i·source_stride]
void copy(const CopyShape& s, const double* source, double* target) {
  nested_loops(s.rank, s.size, s.source_stride, s.target_stride,
               [&](i64 from, i64 to) { target[to] = source[from]; });
}

// y[i] = value
void fill(double value, i64 n, double* y) {
  for (i64 i = 0; i < n; ++i) y[i] = value;
}

// y[i] = start + i·step
void arange(double start, double step, i64 n, double* y) {
  for (i64 i = 0; i < n; ++i) y[i] = start + static_cast<double>(i) * step;
}

}  // namespace melgrad::reference
