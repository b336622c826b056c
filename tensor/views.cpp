#include <algorithm>
#include <optional>

#include "tensor/tensor.h"

namespace melgrad {

namespace {

/// Puts the size that −1 stands for in its place and checks the number of elements.
Shape resolve_shape(const Tensor& x, Shape shape) {
  int unknown = -1;
  i64 known = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    check(shape[i] >= -1, "reshape", "negative size: {} to {}", x, shape);
    if (shape[i] == -1) {
      check(unknown < 0, "reshape", "only one size may be -1: {} to {}", x, shape);
      unknown = i;
    } else {
      check(!__builtin_mul_overflow(known, shape[i], &known), "reshape", "shape is too large: {}",
            shape);
    }
  }
  if (unknown >= 0) {
    check(known > 0 && x.numel() % known == 0, "reshape", "{} elements do not fill {}: input {}",
          x.numel(), shape, x);
    shape[unknown] = x.numel() / known;
  }
  check(shape.numel() == x.numel(), "reshape", "{} elements do not fill {}: input {}", x.numel(),
        shape, x);
  return shape;
}

/// The strides with which `target` sees the same elements in the same order, if there are any. Runs
/// of axes that lie in memory as one axis can be cut anew; nothing else can.
std::optional<Shape> view_strides(const Shape& shape, const Shape& strides, const Shape& target) {
  if (shape.numel() == 0) return target.row_major();
  Shape result = Shape::filled(target.rank(), 1);
  int next = target.rank() - 1;  // the next target axis, from the last
  i64 run = 1, run_stride = 1;   // size and innermost stride of the run being cut
  for (int i = shape.rank() - 1; i >= -1; --i) {
    if (i >= 0 && shape[i] == 1) continue;
    if (i >= 0 && run == 1) {
      run = shape[i], run_stride = strides[i];
      continue;
    }
    bool joins = i >= 0 && strides[i] == run * run_stride;
    if (joins) {
      run *= shape[i];
      continue;
    }
    i64 cut = 1;
    while (next >= 0 && (cut < run || target[next] == 1)) {
      result[next] = cut * run_stride;
      cut *= target[next--];
    }
    if (cut != run) return std::nullopt;
    if (i >= 0) run = shape[i], run_stride = strides[i];
  }
  return result;
}

}  // namespace

Tensor Tensor::reshape(const Shape& shape) const {
  check(defined(), "reshape", "the tensor is undefined");
  Shape target = resolve_shape(*this, shape);
  if (auto strides = view_strides(shape_, strides_, target)) {
    return {storage_, dtype_, target, *strides, offset_};
  }
  return {contiguous().storage_, dtype_, target, target.row_major(), 0};
}

Tensor Tensor::flatten(i64 from, i64 to) const {
  if (rank() == 0) return reshape({1});
  int first = normalize_axis(from, rank(), "flatten"), last = normalize_axis(to, rank(), "flatten");
  check(first <= last, "flatten", "axis {} comes after axis {}: {}", from, to, *this);
  Shape shape;
  for (int i = 0; i < rank(); ++i) {
    if (i > first && i <= last) {
      shape[-1] *= shape_[i];
    } else {
      shape.push_back(shape_[i]);
    }
  }
  return reshape(shape);
}

Tensor Tensor::permute(const Shape& axes) const {
  check(axes.rank() == rank(), "permute", "{} axes given: input {}, axes {}", axes.rank(), *this,
        axes);
  Shape shape, strides;
  unsigned seen = 0;
  for (i64 each : axes) {
    int axis = normalize_axis(each, rank(), "permute");
    check((seen >> axis & 1U) == 0, "permute", "axis {} is named twice: input {}, axes {}", axis,
          *this, axes);
    seen |= 1U << axis;
    shape.push_back(shape_[axis]);
    strides.push_back(strides_[axis]);
  }
  return {storage_, dtype_, shape, strides, offset_};
}

Tensor Tensor::transpose(i64 axis1, i64 axis2) const {
  int a = normalize_axis(axis1, rank(), "transpose"),
      b = normalize_axis(axis2, rank(), "transpose");
  Shape shape = shape_, strides = strides_;
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return {storage_, dtype_, shape, strides, offset_};
}

Tensor Tensor::slice(i64 axis, i64 begin, i64 end, i64 step) const {
  int a = normalize_axis(axis, rank(), "slice");
  check(step >= 1, "slice", "step must be at least 1, not {}: {}", step, *this);
  i64 size = shape_[a];
  auto clamped = [size](i64 i) { return std::clamp<i64>(i < 0 ? i + size : i, 0, size); };
  i64 first = clamped(begin), past = clamped(end);
  i64 count = past > first ? (past - first - 1) / step + 1 : 0;
  Shape shape = shape_, strides = strides_;
  shape[a] = count;
  if (count > 1) strides[a] *= step;
  return {storage_, dtype_, shape, strides, count > 0 ? offset_ + first * strides_[a] : offset_};
}

Tensor Tensor::select(i64 axis, i64 index) const {
  int a = normalize_axis(axis, rank(), "select");
  i64 size = shape_[a];
  check(index >= -size && index < size, "select", "there is no index {} on axis {} of {}", index, a,
        *this);
  Shape shape = shape_, strides = strides_;
  shape.erase(a);
  strides.erase(a);
  return {storage_, dtype_, shape, strides,
          offset_ + (index < 0 ? index + size : index) * strides_[a]};
}

Tensor Tensor::expand(const Shape& shape) const {
  check(shape.rank() >= rank(), "expand", "cannot drop axes: input {}, to {}", *this, shape);
  Shape strides = Shape::filled(shape.rank(), 0);
  for (int i = 1; i <= rank(); ++i) {
    check(shape_[-i] == shape[-i] || shape_[-i] == 1, "expand",
          "only sizes of 1 stretch: input {}, to {}", *this, shape);
    if (shape_[-i] == shape[-i]) strides[-i] = strides_[-i];
  }
  return {storage_, dtype_, shape, strides, offset_};
}

Tensor Tensor::flip(i64 axis) const {
  int a = normalize_axis(axis, rank(), "flip");
  Shape strides = strides_;
  strides[a] = -strides[a];
  i64 last = std::max<i64>(0, shape_[a] - 1);
  return {storage_, dtype_, shape_, strides, offset_ + last * strides_[a]};
}

Tensor Tensor::unsqueeze(i64 axis) const {
  int a = normalize_axis(axis, rank() + 1, "unsqueeze");
  Shape shape = shape_, strides = strides_;
  strides.insert(a, a < rank() ? shape_[a] * strides_[a] : 1);
  shape.insert(a, 1);
  return {storage_, dtype_, shape, strides, offset_};
}

Tensor Tensor::squeeze(i64 axis) const {
  int a = normalize_axis(axis, rank(), "squeeze");
  check(shape_[a] == 1, "squeeze", "axis {} is longer than 1: {}", a, *this);
  return select(a, 0);
}

}  // namespace melgrad
