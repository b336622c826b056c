#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/fast/onednn_operation.h"
#include "kernels/cpu/loops/parallel.h"

namespace melgrad::onednn {
namespace {

// (batch, rows, cols) with the given strides; a batch stride of 0 is a batch of 1 that oneDNN
// repeats. Strides along an axis of size 1 say nothing and may be such as oneDNN would refuse.
Desc matrix_desc(Dtype dtype, i64 batch, i64 rows, i64 cols, i64 batch_stride, i64 row_stride,
                 i64 col_stride) {
  if (rows == 1) row_stride = cols * col_stride;
  if (cols == 1) col_stride = row_stride == 1 ? rows : 1;
  if (batch_stride == 0) batch = 1;
  if (batch == 1) batch_stride = rows * cols;
  return Desc({batch, rows, cols}, data_type(dtype), {batch_stride, row_stride, col_stride});
}

Operation make_matmul(const MatmulShape& s, Dtype dtype, Dtype result, bool with_bias) {
  Desc a = matrix_desc(dtype, s.batch, s.m, s.k, s.a_batch, s.a_row, s.a_col);
  Desc w = matrix_desc(dtype, s.batch, s.k, s.n, s.b_batch, s.b_row, s.b_col);
  Desc y = matrix_desc(result, s.batch, s.m, s.n, s.m * s.n, s.n, 1);
  Desc bias =
      with_bias ? Desc({1, 1, s.n}, data_type(dtype), dnnl::memory::format_tag::abc) : Desc();
  dnnl::matmul::primitive_desc desc({computed(a), computed(w), computed(bias), computed(y)},
                                    attributes(), engine());
  Operation operation(desc);
  operation.input(DNNL_ARG_SRC, a, computed(a));
  operation.input(DNNL_ARG_WEIGHTS, w, computed(w));
  if (with_bias) operation.input(DNNL_ARG_BIAS, bias, computed(bias));
  operation.output(DNNL_ARG_DST, y, computed(y));
  return operation;
}

}  // namespace

void matmul(Backend& backend, const MatmulShape& s, Dtype dtype, Dtype result, const void* a,
            const void* w, const void* bias, void* y) {
  if (s.batch > 1 && s.a_batch == 0 && s.b_batch == 0) {  // oneDNN cannot say that y alone repeats
    MatmulShape once = s;
    once.batch = 1;
    std::size_t bytes = static_cast<std::size_t>(s.m * s.n) * size_of(result);
    for (i64 b = 0; b < s.batch; ++b)
      matmul(backend, once, dtype, result, a, w, bias,
             static_cast<char*>(y) + static_cast<std::size_t>(b) * bytes);
    return;
  }
  Key key = {0,
             static_cast<i64>(dtype),
             static_cast<i64>(result),
             bias != nullptr,
             s.batch,
             s.m,
             s.n,
             s.k,
             s.a_batch,
             s.a_row,
             s.a_col,
             s.b_batch,
             s.b_row,
             s.b_col};
  AloneIfFew alone(s.batch * s.m * s.n * s.k);
  Operation& operation =
      cached("matmul", key, [&] { return make_matmul(s, dtype, result, bias != nullptr); });
  bias ? operation.run(backend, {a, w, bias, y}) : operation.run(backend, {a, w, y});
}

}  // namespace melgrad::onednn
