#include "tensor/ops/broadcast.h"

#include "tensor/dtypes.h"
#include "tensor/layout.h"

namespace melgrad {

namespace {

/// A 0-d tensor takes the dtype of an operand with axes, unless a fraction would become whole.
Tensor promoted(std::string_view op, const Tensor& x, const Tensor& other) {
  bool changes = x.rank() == 0 && other.rank() > 0 && x.dtype() != other.dtype();
  if (!changes) return x;
  bool loses = is_floating(x.dtype()) && !is_floating(other.dtype());
  check(!loses, op, "a fraction does not become a whole number: {} and {}", x, other);
  return x.to(other.dtype());
}

bool fills(const Tensor& x, const Shape& shape) {
  if (!(x.shape() == shape)) return false;
  for (int i = 0; i < x.rank(); ++i) {
    if (x.strides()[i] == 0 && shape[i] > 1) return false;
  }
  return true;
}

}  // namespace

Operands broadcast(std::string_view op, const Tensor& a, const Tensor& b) {
  check_operand(op, "the first operand", a);
  check_operand(op, "the second operand", b);
  check_same_device(op, {&a, &b});
  Tensor first = promoted(op, a, b), second = promoted(op, b, a);
  check_same_dtype(op, {&first, &second});
  Shape shape = broadcast_shape(a.shape(), b.shape(), op);
  const Tensor& leader = fills(first, shape) || !fills(second, shape) ? first : second;
  Tensor whole = leader.expand(shape);
  return {first.expand(shape), second.expand(shape), preferred_order(whole)};
}

BroadcastShape Operands::loops() const {
  BroadcastShape loops;
  for (i64 axis : order) {
    i64 size = shape()[axis], a_stride = a.strides()[axis], b_stride = b.strides()[axis];
    if (size == 1) continue;
    auto last = static_cast<std::size_t>(loops.rank);
    bool joins = loops.rank > 0 && loops.a_stride[last - 1] == a_stride * size &&
                 loops.b_stride[last - 1] == b_stride * size;
    if (joins) {
      --last;
    } else {
      ++loops.rank;
    }
    loops.size[last] = joins ? loops.size[last] * size : size;
    loops.a_stride[last] = a_stride;
    loops.b_stride[last] = b_stride;
  }
  if (loops.rank == 0) {
    loops.rank = 1;
    loops.size[0] = loops.a_stride[0] = loops.b_stride[0] = 1;
  }
  return loops;
}

}  // namespace melgrad
