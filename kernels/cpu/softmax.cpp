#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/f32_copy.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/cpu/loops/vector_math.h"

// f32 and f64 are the same lines; f32's are compiled for vectors. bf16 is computed in f32.
namespace melgrad {
namespace {

namespace vm = vector_math;

// y_j = exp(x_j − m) / Σ exp(x − m);  log: x_j − m − log Σ exp(x − m),  m = max x.
// m is ignored by a NaN, but exp(NaN − m) is one again: the whole row becomes NaN.
template <class T>
[[gnu::always_inline]] inline void softmax_row(bool log, const T* x, T* y, i64 cols) {
  T m = -std::numeric_limits<T>::infinity(), sum = 0;
#pragma omp simd reduction(max : m)
  for (i64 j = 0; j < cols; ++j) m = x[j] > m ? x[j] : m;
  if (log) {
#pragma omp simd reduction(+ : sum)
    for (i64 j = 0; j < cols; ++j) sum += vm::exp(x[j] - m);
    T log_sum = std::log(sum);
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) y[j] = x[j] - m - log_sum;
  } else {
#pragma omp simd reduction(+ : sum)
    for (i64 j = 0; j < cols; ++j) {
      T e = vm::exp(x[j] - m);
      y[j] = e;
      sum += e;
    }
    T scale = 1 / sum;
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) y[j] *= scale;
  }
}

// dx_j = y_j (dy_j − Σ dy y);  log: dx_j = dy_j − exp(y_j) Σ dy
template <class T>
[[gnu::always_inline]] inline void backward_row(bool log, const T* y, const T* dy, T* dx,
                                                i64 cols) {
  T sum = 0;
  if (log) {
#pragma omp simd reduction(+ : sum)
    for (i64 j = 0; j < cols; ++j) sum += dy[j];
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) dx[j] = dy[j] - vm::exp(y[j]) * sum;
    return;
  }
#pragma omp simd reduction(+ : sum)
  for (i64 j = 0; j < cols; ++j) sum += dy[j] * y[j];
#pragma omp simd
  for (i64 j = 0; j < cols; ++j) dx[j] = y[j] * (dy[j] - sum);
}

MELGRAD_SIMD void softmax_rows(bool log, const float* x, float* y, i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r) softmax_row(log, x + r * cols, y + r * cols, cols);
}
void softmax_rows(bool log, const double* x, double* y, i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r) softmax_row(log, x + r * cols, y + r * cols, cols);
}

MELGRAD_SIMD void backward_rows(bool log, const float* y, const float* dy, float* dx, i64 rows,
                                i64 cols) {
  for (i64 r = 0; r < rows; ++r)
    backward_row(log, y + r * cols, dy + r * cols, dx + r * cols, cols);
}
void backward_rows(bool log, const double* y, const double* dy, double* dx, i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r)
    backward_row(log, y + r * cols, dy + r * cols, dx + r * cols, cols);
}

i64 row_grain(i64 cols) { return std::max<i64>(1, elementwise_grain / 4 / std::max<i64>(cols, 1)); }

}  // namespace

void CpuBackend::softmax(bool log, Dtype dtype, i64 rows, i64 cols, const void* x, void* y) {
  if (dtype == Dtype::bf16) {
    F32Copy wide(*this, rows * cols, x);
    softmax(log, Dtype::f32, rows, cols, wide.data(), wide.data());
    return wide.store(y);
  }
  auto run = [&]<class T>(T) {
    parallel_for(rows, row_grain(cols), [=](i64 begin, i64 end) {
      softmax_rows(log, static_cast<const T*>(x) + begin * cols, static_cast<T*>(y) + begin * cols,
                   end - begin, cols);
    });
  };
  if (dtype == Dtype::f32) return run(float{});
  if (dtype == Dtype::f64) return run(double{});
  fail(log ? "log_softmax" : "softmax", "is for f32, f64 and bf16, not for {}", name_of(dtype));
}

void CpuBackend::softmax_backward(bool log, Dtype dtype, i64 rows, i64 cols, const void* y,
                                  const void* dy, void* dx) {
  if (dtype == Dtype::bf16) {
    F32Copy wide_y(*this, rows * cols, y), wide_dy(*this, rows * cols, dy);
    softmax_backward(log, Dtype::f32, rows, cols, wide_y.data(), wide_dy.data(), wide_dy.data());
    return wide_dy.store(dx);
  }
  auto run = [&]<class T>(T) {
    parallel_for(rows, row_grain(cols), [=](i64 begin, i64 end) {
      backward_rows(log, static_cast<const T*>(y) + begin * cols,
                    static_cast<const T*>(dy) + begin * cols, static_cast<T*>(dx) + begin * cols,
                    end - begin, cols);
    });
  };
  if (dtype == Dtype::f32) return run(float{});
  if (dtype == Dtype::f64) return run(double{});
  fail(log ? "log_softmax" : "softmax", "is for f32, f64 and bf16, not for {}", name_of(dtype));
}

}  // namespace melgrad
