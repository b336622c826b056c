#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

// x (n,h,w,c)  y (n,p,q,c)
namespace melgrad::reference {
namespace {

// Rows or columns begin … end − 1 of x.
struct Range {
  i64 begin, end;
};
// Those of window i, cut off at the edges.
Range covered(i64 i, i64 stride, i64 pad, i64 kernel, i64 size) {
  i64 begin = i * stride - pad;
  return {std::max<i64>(begin, 0), std::min(begin + kernel, size)};
}
// Those of piece i of `pieces`: ⌊i·size/pieces⌋ … ⌈(i + 1)·size/pieces⌉ − 1
Range piece(i64 i, i64 size, i64 pieces) {
  return {i * size / pieces, ((i + 1) * size + pieces - 1) / pieces};
}

struct PoolWindow {
  Range rows, columns;
  i64 divisor;
};
// Window (p,q). Its divisor is the number of values inside x, and with count_padding also of those in
// the padding.
PoolWindow pool_window(const PoolShape& s, i64 p, i64 q) {
  i64 top = p * s.stride_h - s.pad_top, left = q * s.stride_w - s.pad_left;
  Range rows = covered(p, s.stride_h, s.pad_top, s.kh, s.h);
  Range columns = covered(q, s.stride_w, s.pad_left, s.kw, s.w);
  i64 inside = (rows.end - rows.begin) * (columns.end - columns.begin);
  i64 padded = (std::min(top + s.kh, s.h + s.pad_bottom) - top) *
               (std::min(left + s.kw, s.w + s.pad_right) - left);
  return {rows, columns, std::max<i64>(s.count_padding ? padded : inside, 1)};
}
// Adaptive pooling's
PoolWindow adaptive_pool_window(const PoolShape& s, i64 p, i64 q) {
  Range rows = piece(p, s.h, s.p), columns = piece(q, s.w, s.q);
  return {rows, columns, (rows.end - rows.begin) * (columns.end - columns.begin)};
}

// y[n,p,q,c] = Σ over the window of x / divisor
template <class WindowOf>
void average(const PoolShape& s, WindowOf window_of, const double* x_, double* y_) {
  Array x(x_, s.n, s.h, s.w, s.c);
  Array y(y_, s.n, s.p, s.q, s.c);
  for (auto [n, p, q, c] : indices(s.n, s.p, s.q, s.c)) {
    auto [rows, columns, divisor] = window_of(s, p, q);
    double sum = 0;
    for (i64 h = rows.begin; h < rows.end; ++h)
      for (i64 w = columns.begin; w < columns.end; ++w) sum += x(n, h, w, c);
    y(n, p, q, c) = sum / static_cast<double>(divisor);
  }
}

// dx[n,h,w,c] = Σ dy[n,p,q,c] / divisor over the windows that (h,w) is in
template <class WindowOf>
void average_backward(const PoolShape& s, WindowOf window_of, const double* dy_, double* dx_) {
  Array dy(dy_, s.n, s.p, s.q, s.c);
  Array dx(dx_, s.n, s.h, s.w, s.c);
  fill(0, dx.size(), dx_);
  for (auto [n, p, q, c] : indices(s.n, s.p, s.q, s.c)) {
    auto [rows, columns, divisor] = window_of(s, p, q);
    for (i64 h = rows.begin; h < rows.end; ++h)
      for (i64 w = columns.begin; w < columns.end; ++w)
        dx(n, h, w, c) += dy(n, p, q, c) / static_cast<double>(divisor);
  }
}

}  // namespace

// y[n,p,q,c] = max over the window of x, NaN if there is one
void max_pool2d(const PoolShape& s, const double* x_, double* y_) {
  Array x(x_, s.n, s.h, s.w, s.c);
  Array y(y_, s.n, s.p, s.q, s.c);
  for (auto [n, p, q, c] : indices(s.n, s.p, s.q, s.c)) {
    auto [rows, columns, divisor] = pool_window(s, p, q);
    double max = -std::numeric_limits<double>::infinity();
    for (i64 h = rows.begin; h < rows.end; ++h)
      for (i64 w = columns.begin; w < columns.end; ++w)
        if (x(n, h, w, c) > max || std::isnan(x(n, h, w, c))) max = x(n, h, w, c);
    y(n, p, q, c) = max;
  }
}

// Each dy goes to the first position (row by row) of its window where x = y, or where x is NaN.
void max_pool2d_backward(const PoolShape& s, const double* x_, const double* y_, const double* dy_,
                         double* dx_) {
  Array x(x_, s.n, s.h, s.w, s.c);
  Array y(y_, s.n, s.p, s.q, s.c);
  Array dy(dy_, s.n, s.p, s.q, s.c);
  Array dx(dx_, s.n, s.h, s.w, s.c);
  fill(0, dx.size(), dx_);
  for (auto [n, p, q, c] : indices(s.n, s.p, s.q, s.c)) {
    auto [rows, columns, divisor] = pool_window(s, p, q);
    bool found = false;
    for (i64 h = rows.begin; h < rows.end && !found; ++h)
      for (i64 w = columns.begin; w < columns.end && !found; ++w) {
        found = x(n, h, w, c) == y(n, p, q, c) || std::isnan(x(n, h, w, c));
        if (found) dx(n, h, w, c) += dy(n, p, q, c);
      }
  }
}

void avg_pool2d(const PoolShape& s, const double* x, double* y) { average(s, pool_window, x, y); }

void avg_pool2d_backward(const PoolShape& s, const double* dy, double* dx) {
  average_backward(s, pool_window, dy, dx);
}

void adaptive_avg_pool2d(const PoolShape& s, const double* x, double* y) {
  average(s, adaptive_pool_window, x, y);
}

void adaptive_avg_pool2d_backward(const PoolShape& s, const double* dy, double* dx) {
  average_backward(s, adaptive_pool_window, dy, dx);
}

}  // namespace melgrad::reference
