#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/floating.h"

namespace melgrad {
namespace {

// y[b,i,j] = bias[j] + Σ_l a[b,i,l] · w[b,l,j]
//
// The order of the two inner loops follows w's memory: along its rows if they are dense (w_col 1),
// along its columns if not.
template <class T>
void matmul_loops(const MatmulShape& s, const T* a, const T* w, const T* bias, T* y) {
#pragma omp parallel for collapse(2) schedule(static)
  for (i64 b = 0; b < s.batch; ++b) {
    for (i64 i = 0; i < s.m; ++i) {
      const T* a_row = a + b * s.a_batch + i * s.a_row;
      const T* w_matrix = w + b * s.b_batch;
      T* y_row = y + (b * s.m + i) * s.n;
      for (i64 j = 0; j < s.n; ++j) y_row[j] = bias ? bias[j] : T{};
      if (s.b_col == 1) {
        for (i64 l = 0; l < s.k; ++l) {
          T a_il = a_row[l * s.a_col];
#pragma omp simd
          for (i64 j = 0; j < s.n; ++j) y_row[j] += a_il * w_matrix[l * s.b_row + j];
        }
      } else {
        for (i64 j = 0; j < s.n; ++j) {
          T sum{};
#pragma omp simd reduction(+ : sum)
          for (i64 l = 0; l < s.k; ++l)
            sum += a_row[l * s.a_col] * w_matrix[l * s.b_row + j * s.b_col];
          y_row[j] += sum;
        }
      }
    }
  }
}

}  // namespace

void CpuBackend::matmul(const MatmulShape& s, Dtype dtype, const void* a, const void* w,
                        const void* bias, void* y) {
  auto loops = [&](auto zero) {
    using T = decltype(zero);
    matmul_loops(s, static_cast<const T*>(a), static_cast<const T*>(w), static_cast<const T*>(bias),
                 static_cast<T*>(y));
  };
  if (dtype == Dtype::f64) return loops(double{});
  check(dtype == Dtype::f32, "matmul", "needs f32 or f64, got {}", name_of(dtype));
  loops(float{});
}

}  // namespace melgrad
