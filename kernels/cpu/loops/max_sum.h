#pragma once
#include <limits>

#include "kernels/cpu/loops/vector_math.h"

/// What softmax and cross-entropy begin a row with, of f32 or bf16; inlined into loops compiled for vectors.
namespace melgrad {

/// −∞ of an empty row; a NaN is ignored.
template <class T>
[[gnu::always_inline]] inline float max_of_row(const T* x, i64 cols) {
  float m = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : m)
  for (i64 j = 0; j < cols; ++j) m = static_cast<float>(x[j]) > m ? static_cast<float>(x[j]) : m;
  return m;
}

/// A row's maximum m and Σ_j exp(x_j − m), which a NaN in the row makes NaN.
struct MaxSum {
  float max, sum;
};

template <class T>
[[gnu::always_inline]] inline MaxSum max_and_sum(const T* x, i64 cols) {
  float m = max_of_row(x, cols), sum = 0;
#pragma omp simd reduction(+ : sum)
  for (i64 j = 0; j < cols; ++j) sum += vector_math::exp(static_cast<float>(x[j]) - m);
  return {m, sum};
}

}  // namespace melgrad
