#include "tensor/dtypes.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

/// A tensor with `axis` last, in rows; for channels-last tensors and axis 1 that is how they lie.
Tensor rows_along(const Tensor& x, int axis) {
  Shape axes;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) axes.push_back(i);
  }
  axes.push_back(axis);
  return x.permute(axes).contiguous();
}

Tensor axis_back(const Tensor& rows, int axis) {
  Shape axes;
  for (int i = 0; i < rows.rank() - 1; ++i) axes.push_back(i);
  axes.insert(axis, rows.rank() - 1);
  return rows.permute(axes);
}

Tensor forward(std::string_view op, bool log, const Tensor& x, i64 axis) {
  check_operand(op, "the operand", x, Takes::floating);
  int a = normalize_axis(axis, x.rank(), op);
  Tensor rows = rows_along(x, a);
  Tensor y = empty(rows.shape(), x.dtype(), x.device());
  i64 cols = rows.shape().back();
  if (y.numel() > 0) {
    backend(x.device()).softmax(log, x.dtype(), y.numel() / cols, cols, rows.raw(), y.raw());
  }
  return axis_back(y, a);
}

Tensor backward(std::string_view op, bool log, const Tensor& y, const Tensor& dy, i64 axis) {
  check_operand(op, "y", y, Takes::floating);
  check_operand(op, "dy", dy);
  check_same_dtype(op, {&y, &dy});
  check_same_device(op, {&y, &dy});
  check(y.shape() == dy.shape(), op, "y and dy differ in shape: {}, {}", y, dy);
  int a = normalize_axis(axis, y.rank(), op);
  Tensor rows = rows_along(y, a), gradient = rows_along(dy, a);
  Tensor dx = empty(rows.shape(), y.dtype(), y.device());
  i64 cols = rows.shape().back();
  if (dx.numel() > 0) {
    backend(y.device())
        .softmax_backward(log, y.dtype(), dx.numel() / cols, cols, rows.raw(), gradient.raw(),
                          dx.raw());
  }
  return axis_back(dx, a);
}

}  // namespace

Tensor softmax(const Tensor& x, i64 axis) { return forward("softmax", false, x, axis); }
Tensor log_softmax(const Tensor& x, i64 axis) { return forward("log_softmax", true, x, axis); }
Tensor softmax_backward(const Tensor& y, const Tensor& dy, i64 axis) {
  return backward("softmax_backward", false, y, dy, axis);
}
Tensor log_softmax_backward(const Tensor& y, const Tensor& dy, i64 axis) {
  return backward("log_softmax_backward", true, y, dy, axis);
}

}  // namespace melgrad
