#include <cmath>
#include <limits>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// y[o,i] = join(… join(join(start, x[o,0,i]), x[o,1,i]) …)
template <class Join>
void fold(const ReduceShape& s, const double* x_, double* y_, double start, Join join) {
  Array x(x_, s.outer, s.length, s.inner);
  Array y(y_, s.outer, s.inner);
  for (auto [o, i] : indices(s.outer, s.inner)) {
    y(o, i) = start;
    for (i64 l = 0; l < s.length; ++l) y(o, i) = join(y(o, i), x(o, l, i));
  }
}

// Whether `value` is to replace `best`: NaN beats every number, but not another NaN.
bool is_better(bool largest, double value, double best) {
  if (std::isnan(best)) return false;
  return std::isnan(value) || (largest ? value > best : value < best);
}

}  // namespace

// y[o,i] = op over l of x[o,l,i]
void reduce(ReduceOp op, const ReduceShape& s, const double* x, double* y) {
  switch (op) {
    case ReduceOp::sum: return fold(s, x, y, 0, [](double u, double v) { return u + v; });
    case ReduceOp::prod: return fold(s, x, y, 1, [](double u, double v) { return u * v; });
    case ReduceOp::max:
      return fold(s, x, y, -infinity,
                  [](double u, double v) { return is_better(true, v, u) ? v : u; });
    case ReduceOp::min:
      return fold(s, x, y, infinity,
                  [](double u, double v) { return is_better(false, v, u) ? v : u; });
    case ReduceOp::mean:
      reduce(ReduceOp::sum, s, x, y);
      for (i64 at = 0; at < s.outer * s.inner; ++at) y[at] /= static_cast<double>(s.length);
  }
}

// y[o,i] = the first l at which x[o,l,i] is the largest (or smallest)
void arg_reduce(bool largest, const ReduceShape& s, const double* x_, i64* y_) {
  Array x(x_, s.outer, s.length, s.inner);
  Array y(y_, s.outer, s.inner);
  for (auto [o, i] : indices(s.outer, s.inner)) {
    y(o, i) = 0;
    for (i64 l = 1; l < s.length; ++l)
      if (is_better(largest, x(o, l, i), x(o, y(o, i), i))) y(o, i) = l;
  }
}

}  // namespace melgrad::reference
