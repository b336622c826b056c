#pragma once
#include "kernels/cpu/fast/winograd_vectors.h"

/// The matrix products between Winograd's transforms: matrices of some dozens of rows, in the
/// second-level cache, on one thread. They are laid out in panels of 16 columns: (columns/16, rows, 16).
namespace melgrad::winograd {

/// y = a · b, or y += a · b if add, for so many panels of y
/// a (rows, depth), y (rows, columns); b (depth, columns) with panels b_panel numbers apart
/// rows: a multiple of row_block. What a's last panel has beyond `depth` is not read.
struct Product {
  i64 rows, depth, panels;
  const float *a, *b;
  i64 b_panel;
  float* y;
  bool add;
};
void multiply(const Product& p, Isa isa);

/// y = aᵀ · b, or y += aᵀ · b if add, for so many panels of y
/// a (depth, rows), b (depth, columns), y (rows, columns); rows: a multiple of 16
struct TransposedProduct {
  i64 rows, depth, panels;
  const float *a, *b;
  float* y;
  bool add;
};
void multiply_transposed(const TransposedProduct& p, Isa isa);

}  // namespace melgrad::winograd
