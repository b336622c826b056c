#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/max_sum.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/cpu/loops/vector_math.h"
#include "kernels/reference/reference.h"

// One template for f32 and bf16, compiled for vectors.
namespace melgrad {
namespace {

namespace vm = vector_math;

// y_j = exp(x_j − m) / Σ exp(x − m);  log: x_j − m − log Σ exp(x − m),  m = max x.
// m is ignored by a NaN, but exp(NaN − m) is one again: the whole row becomes NaN.
// e (cols): the exponentials, which may be y itself
template <class T>
[[gnu::always_inline]] inline void softmax_row(bool log, const T* x, float* e, T* y, i64 cols) {
  if (log) {
    MaxSum all = max_and_sum(x, cols);
    float log_sum = std::log(all.sum);
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) store(y[j], static_cast<float>(x[j]) - all.max - log_sum);
  } else {
    float m = max_of_row(x, cols), sum = 0;
#pragma omp simd reduction(+ : sum)
    for (i64 j = 0; j < cols; ++j) {
      e[j] = vm::exp(static_cast<float>(x[j]) - m);
      sum += e[j];
    }
    float scale = 1 / sum;
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) store(y[j], e[j] * scale);
  }
}

// dx_j = y_j (dy_j − Σ dy y);  log: dx_j = dy_j − exp(y_j) Σ dy
template <class T>
[[gnu::always_inline]] inline void backward_row(bool log, const T* y, const T* dy, T* dx,
                                                i64 cols) {
  float sum = 0;
  if (log) {
#pragma omp simd reduction(+ : sum)
    for (i64 j = 0; j < cols; ++j) sum += static_cast<float>(dy[j]);
#pragma omp simd
    for (i64 j = 0; j < cols; ++j)
      store(dx[j], static_cast<float>(dy[j]) - vm::exp(static_cast<float>(y[j])) * sum);
    return;
  }
#pragma omp simd reduction(+ : sum)
  for (i64 j = 0; j < cols; ++j) sum += static_cast<float>(dy[j]) * static_cast<float>(y[j]);
#pragma omp simd
  for (i64 j = 0; j < cols; ++j)
    store(dx[j], static_cast<float>(y[j]) * (static_cast<float>(dy[j]) - sum));
}

template <class T>
MELGRAD_SIMD void softmax_rows(bool log, const T* x, T* y, i64 rows, i64 cols,
                               float* exps /* (cols) */) {
  for (i64 r = 0; r < rows; ++r) {
    if constexpr (std::is_same_v<T, float>) exps = y + r * cols;
    softmax_row(log, x + r * cols, exps, y + r * cols, cols);
  }
}

template <class T>
MELGRAD_SIMD void backward_rows(bool log, const T* y, const T* dy, T* dx, i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r)
    backward_row(log, y + r * cols, dy + r * cols, dx + r * cols, cols);
}

i64 work(i64 cols) { return 4 * cols; }  // of a row: exp costs as much as some plain elements

}  // namespace

void CpuBackend::softmax(bool log, Dtype dtype, i64 rows, i64 cols, const void* x, void* y) {
  if (dtype == Dtype::f64) return reference::softmax(log, rows, cols, f64(x), f64(y));
  dispatch_floating(log ? "log_softmax" : "softmax", dtype, [&]<class T>(T) {
    parallel_for(rows, work(cols), [=](i64 begin, i64 end) {
      std::vector<float> exps(std::is_same_v<T, bf16> ? static_cast<std::size_t>(cols) : 0);
      softmax_rows(log, static_cast<const T*>(x) + begin * cols, static_cast<T*>(y) + begin * cols,
                   end - begin, cols, exps.data());
    });
  });
}

void CpuBackend::softmax_backward(bool log, Dtype dtype, i64 rows, i64 cols, const void* y,
                                  const void* dy, void* dx) {
  if (dtype == Dtype::f64)
    return reference::softmax_backward(log, rows, cols, f64(y), f64(dy), f64(dx));
  dispatch_floating(log ? "log_softmax_backward" : "softmax_backward", dtype, [&]<class T>(T) {
    parallel_for(rows, work(cols), [=](i64 begin, i64 end) {
      backward_rows(log, static_cast<const T*>(y) + begin * cols,
                    static_cast<const T*>(dy) + begin * cols, static_cast<T*>(dx) + begin * cols,
                    end - begin, cols);
    });
  });
}

}  // namespace melgrad
