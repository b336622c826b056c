#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/fill_rows.h"

namespace melgrad {
namespace {

// y[b,i,j] = bias[j] + Σ_l a[b,i,l] · w[b,l,j]
//
// The order of the two inner loops follows w's memory: along its rows if they are dense (w_col 1),
// along its columns if not.
MELGRAD_SIMD void matmul_loops(const MatmulShape& s, const double* a, const double* w,
                               const double* bias, double* y) {
  i64 products = s.batch * s.m * s.n * s.k;
#pragma omp parallel for collapse(2) schedule(static) if (many_elements(products))
  for (i64 b = 0; b < s.batch; ++b) {
    for (i64 i = 0; i < s.m; ++i) {
      const double* a_row = a + b * s.a_batch + i * s.a_row;
      const double* w_matrix = w + b * s.b_batch;
      double* y_row = y + (b * s.m + i) * s.n;
      for (i64 j = 0; j < s.n; ++j) y_row[j] = bias ? bias[j] : 0;
      if (s.b_col == 1) {
        for (i64 l = 0; l < s.k; ++l) {
          double a_il = a_row[l * s.a_col];
#pragma omp simd
          for (i64 j = 0; j < s.n; ++j) y_row[j] += a_il * w_matrix[l * s.b_row + j];
        }
      } else {
        for (i64 j = 0; j < s.n; ++j) {
          double sum = 0;
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
  if (s.batch * s.m * s.n * s.k == 0) return fill_rows(*this, dtype, s.batch * s.m, s.n, bias, y);
  if (dtype != Dtype::f64) return onednn::matmul(*this, s, dtype, dtype, a, w, bias, y);
  matmul_loops(s, static_cast<const double*>(a), static_cast<const double*>(w),
               static_cast<const double*>(bias), static_cast<double*>(y));
}

}  // namespace melgrad
