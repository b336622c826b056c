#include <optional>

#include "tensor/dtypes.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

/// Strides of the matrices in a stack of them, with one stride between the matrices.
struct Stack {
  i64 between = 0, row = 0, col = 0;
};

/// How a kernel can read x (…, rows, cols), its axes before the last two seen as one; nothing if x
/// must be copied first.
std::optional<Stack> stacked(const Tensor& x) {
  i64 rows = x.shape()[-2], cols = x.shape()[-1];
  Stack stack{.between = 0, .row = x.strides()[-2], .col = x.strides()[-1]};
  // The stride of an axis of size 1 is never used: it becomes what makes the other one valid.
  if (rows == 1) stack.row = stack.col == 1 ? cols : 1;
  if (cols == 1) stack.col = stack.row == 1 ? rows : 1;
  bool by_rows = stack.col == 1 && stack.row >= cols;
  bool by_cols = stack.row == 1 && stack.col >= rows;
  if (!by_rows && !by_cols) return std::nullopt;
  i64 joined = 1;
  for (int i = x.rank() - 3; i >= 0; --i) {
    if (x.shape()[i] == 1) continue;
    if (joined == 1) stack.between = x.strides()[i];
    if (x.strides()[i] != stack.between * joined) return std::nullopt;
    joined *= x.shape()[i];
  }
  if (stack.between < 0) return std::nullopt;
  return stack;
}

/// y = a · b (+ bias) for a (…, m, k) and b (…, k, n) with equal axes in front.
Tensor multiply(Tensor a, Tensor b, const Tensor& bias) {
  i64 m = a.shape()[-2], k = a.shape()[-1], n = b.shape()[-1];
  Shape shape = a.shape();
  shape[-1] = n;
  Tensor y = empty(shape, a.dtype(), a.device());
  if (y.numel() == 0) return y;
  if (k == 0) return bias.defined() ? y.copy_(bias) : y.fill_(0);
  auto left = stacked(a), right = stacked(b);
  if (!left) left = stacked(a = a.contiguous());
  if (!right) right = stacked(b = b.contiguous());
  MatmulShape s{.batch = y.numel() / (m * n),
                .m = m,
                .n = n,
                .k = k,
                .a_batch = left->between,
                .a_row = left->row,
                .a_col = left->col,
                .b_batch = right->between,
                .b_row = right->row,
                .b_col = right->col};
  Tensor added = bias.defined() ? bias.contiguous() : bias;
  backend(a.device())
      .matmul(s, a.dtype(), a.raw(), b.raw(), added.defined() ? added.raw() : nullptr, y.raw());
  return y;
}

/// x (…, r, c) expanded to the axes `batch` in front.
Tensor expand_front(const Tensor& x, const Shape& batch) {
  Shape shape = batch;
  shape.push_back(x.shape()[-2]);
  shape.push_back(x.shape()[-1]);
  return x.expand(shape);
}

Shape front(const Tensor& x) {
  Shape batch = x.shape();
  batch.erase(-1);
  batch.erase(-1);
  return batch;
}

void check_matmul(const Tensor& a, const Tensor& b) {
  check_operand("matmul", "the left operand", a, Takes::floating);
  check_operand("matmul", "the right operand", b, Takes::floating);
  check_same_dtype("matmul", {&a, &b});
  check_same_device("matmul", {&a, &b});
  check(a.rank() > 0 && b.rank() > 0, "matmul", "a 0-d tensor has no rows or columns: {}, {}", a,
        b);
  i64 inner = b.rank() == 1 ? b.dim(0) : b.dim(-2);
  check(a.dim(-1) == inner, "matmul", "left has {} columns, right has {} rows: {}, {}", a.dim(-1),
        inner, a, b);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_matmul(a, b);
  Tensor left = a.rank() == 1 ? a.unsqueeze(0) : a;
  Tensor right = b.rank() == 1 ? b.unsqueeze(1) : b;
  Tensor y;
  if (right.rank() == 2 && left.rank() > 2) {
    // One matrix on the right: all rows on the left make one tall matrix.
    Shape shape = left.shape();
    shape[-1] = right.dim(1);
    i64 rows = left.numel() == 0 ? front(left).numel() * left.dim(-2) : left.numel() / left.dim(-1);
    y = multiply(left.reshape({rows, left.dim(-1)}), right, {}).reshape(shape);
  } else {
    Shape batch = broadcast_shape(front(left), front(right), "matmul");
    y = multiply(expand_front(left, batch), expand_front(right, batch), {});
  }
  if (b.rank() == 1) y = y.squeeze(-1);
  if (a.rank() == 1) y = y.squeeze(b.rank() == 1 ? -1 : -2);
  return y;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_operand("linear", "input", x, Takes::floating);
  check_operand("linear", "weight", weight);
  check_same_dtype("linear", {&x, &weight, &bias});
  check_same_device("linear", {&x, &weight, &bias});
  check(weight.rank() == 2, "linear", "weight must be (out, in): weight {}", weight);
  check(x.rank() >= 1 && x.dim(-1) == weight.dim(1), "linear",
        "input's last axis must be weight's {} columns: input {}, weight {}", weight.dim(1), x,
        weight);
  check(!bias.defined() || bias.shape() == Shape{weight.dim(0)}, "linear",
        "bias must be ({},): bias {}, weight {}", weight.dim(0), bias, weight);
  Shape shape = x.shape();
  shape[-1] = 1;
  i64 rows = shape.numel();
  shape[-1] = weight.dim(0);
  return multiply(x.reshape({rows, weight.dim(1)}), weight.transpose(0, 1), bias).reshape(shape);
}

}  // namespace melgrad
