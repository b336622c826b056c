#include <algorithm>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

void check_parts(std::string_view op, const std::vector<Tensor>& parts) {
  check(!parts.empty(), op, "takes at least one tensor");
  for (const Tensor& part : parts) {
    check_operand(op, "a part", part);
    check_same_dtype(op, {&parts.front(), &part});
    check_same_device(op, {&parts.front(), &part});
  }
}

}  // namespace

Tensor cat(const std::vector<Tensor>& parts, i64 axis) {
  check_parts("cat", parts);
  const Tensor& first = parts.front();
  int a = normalize_axis(axis, first.rank(), "cat");
  Shape shape = first.shape();
  shape[a] = 0;
  for (const Tensor& part : parts) {
    Shape rest = part.shape();
    bool fits = rest.rank() == shape.rank();
    if (fits) rest[a] = shape[a];
    check(fits && rest == shape, "cat", "parts differ on another axis than {}: {} and {}", a, first,
          part);
    shape[a] += part.shape()[a];
  }
  Tensor y = empty_in_order(shape, preferred_order(first), first.dtype(), first.device());
  i64 begin = 0;
  for (const Tensor& part : parts) {
    i64 end = begin + part.shape()[a];
    y.slice(a, begin, end).copy_(part);
    begin = end;
  }
  return y;
}

Tensor stack(const std::vector<Tensor>& parts, i64 axis) {
  check_parts("stack", parts);
  int a = normalize_axis(axis, parts.front().rank() + 1, "stack");
  std::vector<Tensor> slices;
  for (const Tensor& part : parts) {
    check(part.shape() == parts.front().shape(), "stack", "parts differ in shape: {} and {}",
          parts.front(), part);
    slices.push_back(part.unsqueeze(a));
  }
  return cat(slices, a);
}

std::vector<Tensor> split(const Tensor& x, i64 size, i64 axis) {
  check_operand("split", "the operand", x);
  check(size >= 1, "split", "size must be at least 1, not {}: {}", size, x);
  i64 length = x.shape()[normalize_axis(axis, x.rank(), "split")];
  std::vector<i64> sizes;
  for (i64 begin = 0; begin < length; begin += size)
    sizes.push_back(std::min(size, length - begin));
  return split(x, sizes, axis);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<i64>& sizes, i64 axis) {
  check_operand("split", "the operand", x);
  int a = normalize_axis(axis, x.rank(), "split");
  std::vector<Tensor> parts;
  i64 begin = 0;
  for (i64 size : sizes) {
    parts.push_back(x.slice(a, begin, begin + size));
    begin += size;
  }
  check(begin == x.shape()[a], "split", "parts of {} in all do not fill axis {}: {}", begin, a, x);
  return parts;
}

Tensor pad(const Tensor& x, const Shape& before, const Shape& after, double value) {
  check_operand("pad", "the operand", x);
  check(before.rank() == x.rank() && after.rank() == x.rank(), "pad",
        "takes one number before and after each axis: {}, {}, input {}", before, after, x);
  Shape shape = x.shape();
  Tensor inside = x;
  for (int i = 0; i < x.rank(); ++i) {
    shape[i] += before[i] + after[i];
    check(shape[i] >= 0, "pad", "cuts off more than there is on axis {}: {}, {}, input {}", i,
          before, after, x);
    i64 begin = std::max<i64>(0, -before[i]), end = x.shape()[i] - std::max<i64>(0, -after[i]);
    inside = inside.slice(i, begin, std::max<i64>(0, end));
  }
  Tensor y = empty_in_order(shape, preferred_order(x), x.dtype(), x.device()).fill_(value);
  Tensor middle = y;
  for (int i = 0; i < x.rank(); ++i) {
    i64 begin = std::max<i64>(0, before[i]);
    middle = middle.slice(i, begin, begin + inside.shape()[i]);
  }
  if (middle.shape() == inside.shape()) middle.copy_(inside);
  return y;
}

}  // namespace melgrad
