#pragma once
#include "kernels/cpu/fast/panels.h"

/// The products of matrices in Winograd's convolution and in conv_weights.cpp: of some dozens of rows, in the
/// second-level cache, on one thread. What a's last panel has beyond `depth` is not read.
namespace melgrad::panels {

/// A matrix, cut into panels of 16 columns: number (i, 16 p + j) is data[p · panel + i · row + j].
template <class T>
struct Matrix {
  T* data;
  i64 row, panel;
};
/// (columns/16, rows, 16): the panels lie one behind the other.
template <class T>
Matrix<T> as_panels(T* data, i64 rows) {
  return {data, lanes, rows * lanes};
}
/// (rows, columns): they lie side by side.
template <class T>
Matrix<T> as_rows(T* data, i64 columns) {
  return {data, columns, lanes};
}

/// y = a · b, or y += a · b if add, for so many panels of y
/// a (rows, depth)  b (depth, columns)  y (rows, columns); rows: a multiple of row_block
/// multiply_transposed: y = aᵀ · b with a (depth, rows); rows: a multiple of 16
struct Product {
  i64 rows, depth, panels;
  Matrix<const float> a, b;
  Matrix<float> y;
  bool add;
};
void multiply(const Product& p, Isa isa);
void multiply_transposed(const Product& p, Isa isa);

}  // namespace melgrad::panels
