#pragma once
#include "kernels/dtype.h"

namespace melgrad::sim {

/// f32 or bf16 values of a matrix: element (i, j) of the b-th is data[b·stride + i·row + j·col].
struct Matrix {
  Dtype dtype = Dtype::f32;
  const void* data = nullptr;
  i64 row = 0, col = 0, stride = 0;
};

/// c = alpha a b + beta c, with a (m,k), b (k,n), c (m,n). If beta is 0, c is not read. Sums are rounded as a GPU's may be.
struct Product {
  i64 batch = 1, m = 0, n = 0, k = 0;
  float alpha = 1, beta = 0;
  bool tf32 = false;          // of a and b, f32, only TF32's bits are used
  bool sums_in_bf16 = false;  // partial sums are joined as bf16
  Matrix a = {}, b = {}, c = {};
};

void compute(const Product& product);

/// c[j,i] += Σ_l b[j,l] a[l,i], in f32 for 128 terms at a time, which are joined in f64, or as bf16.
/// a (k, m)  b (n, k)  c (n, m)
void add_product(i64 m, i64 n, i64 k, const float* a, const float* b, double* c,
                 bool sums_in_bf16 = false);

}  // namespace melgrad::sim
