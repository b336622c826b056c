#pragma once
#include "kernels/backend.h"

namespace melgrad {

/// y[i,j] = bias[j], or 0 if bias is null: what a product is whose sum runs over nothing.
/// y (rows, cols)  bias (cols)
inline void fill_rows(Backend& backend, Dtype dtype, i64 rows, i64 cols, const void* bias,
                      void* y) {
  if (!bias) return backend.fill(dtype, 0, rows * cols, y);
  CopyShape repeated = {
      .rank = 2, .size = {rows, cols}, .source_stride = {0, 1}, .target_stride = {cols, 1}};
  backend.copy(repeated, dtype, bias, dtype, y);
}

}  // namespace melgrad
