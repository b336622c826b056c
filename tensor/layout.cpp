#include "tensor/layout.h"

#include <algorithm>
#include <cstdlib>

namespace melgrad {

Shape memory_order(const Shape& shape, const Shape& strides) {
  auto outside = [&](i64 a, i64 b) {
    i64 stride_a = std::abs(strides[a]), stride_b = std::abs(strides[b]);
    return stride_a != stride_b ? stride_a > stride_b : shape[a] > 1 && shape[b] <= 1;
  };
  Shape order;
  for (int axis = 0; axis < shape.rank(); ++axis) {  // insertion keeps equals in their order
    int place = order.rank();
    while (place > 0 && outside(axis, order[place - 1])) --place;
    order.insert(place, axis);
  }
  return order;
}

Shape strides_in_order(const Shape& shape, const Shape& order) {
  Shape strides = shape;
  i64 stride = 1;
  for (int i = order.rank() - 1; i >= 0; --i) {
    strides[order[i]] = stride;
    stride *= std::max<i64>(1, shape[order[i]]);
  }
  return strides;
}

Tensor empty_in_order(const Shape& shape, const Shape& order, Dtype dtype, Device device) {
  Tensor row_major = empty(shape, dtype, device);
  return {row_major.storage(), dtype, shape, strides_in_order(shape, order), 0};
}

Shape preferred_order(const Tensor& x) {
  bool expanded = false;
  for (int i = 0; i < x.rank(); ++i) expanded |= x.strides()[i] == 0 && x.shape()[i] > 1;
  return memory_order(x.shape(), expanded ? x.shape().row_major() : x.strides());
}

bool same_layout(const Tensor& x, const Tensor& y) {
  if (!(x.shape() == y.shape())) return false;
  for (int i = 0; i < x.rank(); ++i) {
    if (x.shape()[i] > 1 && x.strides()[i] != y.strides()[i]) return false;
  }
  return true;
}

Tensor with_layout_of(const Tensor& x, const Tensor& like) {
  if (same_layout(x, like)) return x;
  Tensor y(empty(x.shape(), x.dtype(), x.device()).storage(), x.dtype(), x.shape(), like.strides(),
           0);
  return y.copy_(x);
}

ReduceShape around_axis(const Tensor& x, int axis) {
  Shape order = memory_order(x.shape(), x.strides());
  ReduceShape view{.outer = 1, .length = x.shape()[axis], .inner = 1};
  bool inside = false;
  for (i64 each : order) {
    if (each == axis) {
      inside = true;
    } else {
      (inside ? view.inner : view.outer) *= x.shape()[each];
    }
  }
  return view;
}

}  // namespace melgrad
