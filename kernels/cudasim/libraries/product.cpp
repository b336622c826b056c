#include "kernels/cudasim/libraries/product.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/loops/simd.h"
#include "kernels/cudasim/libraries/arrays.h"

namespace melgrad::sim {
namespace {

// (cols, rows), so that a column's values lie side by side.
std::vector<float> columns_of(const Matrix& x, i64 batch, i64 rows, i64 cols, bool tf32) {
  std::vector<float> dense(static_cast<std::size_t>(rows * cols));
  for (i64 j = 0; j < cols; ++j) {
    for (i64 i = 0; i < rows; ++i) {
      float value = load(x.dtype, x.data, batch * x.stride + i * x.row + j * x.col);
      dense[static_cast<std::size_t>(j * rows + i)] = tf32 ? as_tf32(value) : value;
    }
  }
  return dense;
}

// sum[i] = Σ_l b[l] a[l,i]  a (count, m)
MELGRAD_SIMD
void sum_of_part(i64 m, i64 count, const float* a, const float* b, float* sum) {
  std::fill(sum, sum + m, 0.0F);
  for (i64 l = 0; l < count; ++l) {
    for (i64 i = 0; i < m; ++i) sum[i] += b[l] * a[l * m + i];
  }
}

}  // namespace

void add_product(i64 m, i64 n, i64 k, const float* a, const float* b, double* c,
                 bool sums_in_bf16) {
  constexpr i64 terms = 128;
  std::vector<float> part(static_cast<std::size_t>(m));
  for (i64 j = 0; j < n; ++j) {
    double* sum = c + j * m;
    for (i64 l = 0; l < k; l += terms) {
      sum_of_part(m, std::min(terms, k - l), a + l * m, b + j * k + l, part.data());
      for (i64 i = 0; i < m; ++i) {
        sum[i] += static_cast<double>(part[static_cast<std::size_t>(i)]);
        if (sums_in_bf16) sum[i] = static_cast<double>(as_bf16(static_cast<float>(sum[i])));
      }
    }
  }
}

void compute(const Product& p) {
  for (i64 batch = 0; batch < p.batch; ++batch) {
    std::vector<float> a = columns_of(p.a, batch, p.m, p.k, p.tf32);
    std::vector<float> b = columns_of(p.b, batch, p.k, p.n, p.tf32);
    std::vector<double> sum(static_cast<std::size_t>(p.m * p.n));
    add_product(p.m, p.n, p.k, a.data(), b.data(), sum.data(), p.sums_in_bf16);
    for (i64 j = 0; j < p.n; ++j) {
      for (i64 i = 0; i < p.m; ++i) {
        i64 at = batch * p.c.stride + i * p.c.row + j * p.c.col;
        float value = p.alpha * static_cast<float>(sum[static_cast<std::size_t>(j * p.m + i)]);
        if (p.beta != 0) value += p.beta * load(p.c.dtype, p.c.data, at);
        store(p.c.dtype, const_cast<void*>(p.c.data), at, value);
      }
    }
  }
}

}  // namespace melgrad::sim
