#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/max_sum.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/cpu/loops/vector_math.h"
#include "kernels/reference/reference.h"
#include "kernels/scratch_array.h"

// x, dx (rows, cols)  target (rows). One template for f32 and bf16, compiled for vectors.
namespace melgrad {
namespace {

namespace vm = vector_math;

void check_targets(i64 rows, i64 cols, const i64* target) {
  for (i64 r = 0; r < rows; ++r)
    check(target[r] >= 0 && target[r] < cols, "cross_entropy",
          "target {} of row {} is not one of the {} classes", target[r], r, cols);
}

// losses[r] = log s − (x_target − m)
template <class T>
MELGRAD_SIMD void losses_of_rows(i64 rows, i64 cols, const T* x, const i64* target, float* losses) {
  for (i64 r = 0; r < rows; ++r) {
    const T* row = x + r * cols;
    MaxSum all = max_and_sum(row, cols);
    losses[r] = std::log(all.sum) - (static_cast<float>(row[target[r]]) - all.max);
  }
}

// dx_j = scale (exp(x_j − m) / s − [j = target])
template <class T>
MELGRAD_SIMD void backward_rows(i64 rows, i64 cols, float scale, const T* x, const i64* target,
                                T* dx) {
  for (i64 r = 0; r < rows; ++r) {
    const T* row = x + r * cols;
    T* to = dx + r * cols;
    MaxSum all = max_and_sum(row, cols);
    i64 right = target[r];
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) {
      float p = vm::exp(static_cast<float>(row[j]) - all.max) / all.sum;
      store(to[j], scale * (p - (j == right ? 1.0F : 0.0F)));
    }
  }
}

i64 work(i64 cols) { return 4 * cols; }  // of a row: exp costs as much as some plain elements

}  // namespace

void CpuBackend::cross_entropy(Dtype dtype, i64 rows, i64 cols, const void* x, const i64* target,
                               void* y) {
  check_targets(rows, cols, target);
  if (dtype == Dtype::f64) return reference::cross_entropy(rows, cols, f64(x), target, f64(y));
  dispatch_floating("cross_entropy", dtype, [&]<class T>(T) {
    ScratchArray<float> losses(*this, rows);
    parallel_for(rows, work(cols), [&](i64 begin, i64 end) {
      losses_of_rows(end - begin, cols, static_cast<const T*>(x) + begin * cols, target + begin,
                     losses.data() + begin);
    });
    double sum = 0;
    for (i64 r = 0; r < rows; ++r) sum += static_cast<double>(losses[r]);
    store(*static_cast<T*>(y), static_cast<float>(sum / static_cast<double>(rows)));
  });
}

void CpuBackend::cross_entropy_backward(Dtype dtype, i64 rows, i64 cols, const void* x,
                                        const i64* target, const void* dy, void* dx) {
  check_targets(rows, cols, target);
  if (dtype == Dtype::f64)
    return reference::cross_entropy_backward(rows, cols, f64(x), target, f64(dy), f64(dx));
  dispatch_floating("cross_entropy_backward", dtype, [&]<class T>(T) {
    float scale = static_cast<float>(*static_cast<const T*>(dy)) / static_cast<float>(rows);
    parallel_for(rows, work(cols), [=](i64 begin, i64 end) {
      backward_rows(end - begin, cols, scale, static_cast<const T*>(x) + begin * cols,
                    target + begin, static_cast<T*>(dx) + begin * cols);
    });
  });
}

}  // namespace melgrad
