#pragma once
#include "tensor/tensor.h"

/// The order in which a tensor's elements lie in memory, for the operations of this folder.
namespace melgrad {

/// The axes from the outermost in memory to the innermost: by stride, descending. Among equal
/// strides an axis of size 1, whose stride means nothing, comes last.
Shape memory_order(const Shape& shape, const Shape& strides);
/// Strides of a dense tensor of `shape` whose axes lie in memory in this order.
Shape strides_in_order(const Shape& shape, const Shape& order);
Tensor empty_in_order(const Shape& shape, const Shape& order, Dtype dtype, Device device);
/// The order that the result of an operation on x takes: that of x, or row-major if x is an
/// expanded tensor.
Shape preferred_order(const Tensor& x);

/// Whether element i in memory is the same element in both: equal shapes and, where an axis is
/// longer than 1, equal strides.
bool same_layout(const Tensor& x, const Tensor& y);
/// x itself, or a copy whose elements lie as those of `like`, which is dense and of x's shape.
Tensor with_layout_of(const Tensor& x, const Tensor& like);

/// A dense tensor seen as (outer, length, inner) around one axis: the axes outside it in memory,
/// itself, and those inside.
ReduceShape around_axis(const Tensor& x, int axis);

}  // namespace melgrad
