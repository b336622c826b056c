#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

/// Shapes that may differ along `axis` only.
void check_alike(std::string_view op, const Shape& a, const Shape& b, int axis) {
  Shape rest = a;
  bool alike = a.rank() == b.rank();
  if (alike) rest[axis] = b[axis];
  check(alike && rest == b, op, "index and tensor differ on another axis than {}: {}, {}", axis, b,
        a);
}

/// x (outer, length, inner) around an axis in memory, of which `count` elements are taken.
IndexShape in_memory(const Tensor& x, int axis, i64 count) {
  ReduceShape around = around_axis(x, axis);
  return {around.outer, around.length, count, around.inner};
}

/// The same for a row-major tensor.
IndexShape in_rows(const Shape& shape, int axis, i64 count) {
  IndexShape s{.outer = 1, .length = shape[axis], .count = count, .inner = 1};
  for (int i = 0; i < axis; ++i) s.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) s.inner *= shape[i];
  return s;
}

Shape with_size(Shape shape, int axis, i64 size) {
  shape[axis] = size;
  return shape;
}

const i64* values(const Tensor& index) { return static_cast<const i64*>(index.raw()); }

}  // namespace

Tensor gather(const Tensor& x, i64 axis, const Tensor& index) {
  check_operand("gather", "the operand", x);
  check_index("gather", index);
  check_same_device("gather", {&x, &index});
  int a = normalize_axis(axis, x.rank(), "gather");
  check_alike("gather", x.shape(), index.shape(), a);
  Tensor from = x.contiguous(), at = index.contiguous();
  Tensor y = empty(at.shape(), x.dtype(), x.device());
  if (y.numel() > 0) {
    backend(x.device())
        .gather(x.dtype(), in_rows(x.shape(), a, at.shape()[a]), from.raw(), values(at), y.raw());
  }
  return y;
}

Tensor scatter_add(const Tensor& dy, i64 axis, const Tensor& index, const Shape& shape) {
  check_operand("scatter_add", "the operand", dy, Takes::numbers_that_add);
  check_index("scatter_add", index);
  check_same_device("scatter_add", {&dy, &index});
  check(dy.shape() == index.shape(), "scatter_add", "one index for each value: index {}, values {}",
        index, dy);
  int a = normalize_axis(axis, shape.rank(), "scatter_add");
  check_alike("scatter_add", shape, index.shape(), a);
  Tensor from = dy.contiguous(), at = index.contiguous();
  Tensor dx = zeros(shape, dy.dtype(), dy.device());
  if (dy.numel() > 0) {
    backend(dy.device())
        .scatter_add(dy.dtype(), in_rows(shape, a, at.shape()[a]), from.raw(), values(at),
                     dx.raw());
  }
  return dx;
}

Tensor index_select(const Tensor& x, i64 axis, const Tensor& index) {
  check_operand("index_select", "the operand", x);
  check_index("index_select", index);
  check_same_device("index_select", {&x, &index});
  check(index.rank() == 1, "index_select", "index must have one axis: index {}, input {}", index,
        x);
  int a = normalize_axis(axis, x.rank(), "index_select");
  Tensor from = x.dense(), at = index.contiguous();
  Tensor y = empty_in_order(with_size(x.shape(), a, at.numel()), preferred_order(from), x.dtype(),
                            x.device());
  if (y.numel() > 0) {
    backend(x.device())
        .index_select(x.dtype(), in_memory(from, a, at.numel()), from.raw(), values(at), y.raw());
  }
  return y;
}

Tensor index_add(const Tensor& dy, i64 axis, const Tensor& index, const Shape& shape) {
  check_operand("index_add", "the operand", dy, Takes::numbers_that_add);
  check_index("index_add", index);
  check_same_device("index_add", {&dy, &index});
  int a = normalize_axis(axis, shape.rank(), "index_add");
  check(index.rank() == 1 && dy.rank() == shape.rank() && dy.dim(a) == index.numel(), "index_add",
        "one index for each slice along axis {}: index {}, slices {}", a, index, dy);
  check_alike("index_add", shape, dy.shape(), a);
  Tensor from = dy.dense(), at = index.contiguous();
  Tensor dx = empty_in_order(shape, preferred_order(from), dy.dtype(), dy.device()).fill_(0);
  if (dy.numel() > 0) {
    IndexShape s = in_memory(from, a, at.numel());
    s.length = shape[a];
    backend(dy.device()).index_add(dy.dtype(), s, from.raw(), values(at), dx.raw());
  }
  return dx;
}

Tensor one_hot(const Tensor& index, i64 classes, Dtype dtype) {
  check_index("one_hot", index);
  check(classes >= 1, "one_hot", "takes at least one class, not {}: index {}", classes, index);
  // A GPU is not waited for: there, an index outside the classes gives a row of zeros.
  if (index.numel() > 0 && index.device().is_cpu()) {
    auto low = static_cast<i64>(min(index).item()), high = static_cast<i64>(max(index).item());
    check(low >= 0 && high < classes, "one_hot",
          "indices {} to {} do not lie within {} classes: index {}", low, high, classes, index);
  }
  return (index.unsqueeze(-1) == arange(classes, Dtype::i64, index.device())).to(dtype);
}

}  // namespace melgrad
