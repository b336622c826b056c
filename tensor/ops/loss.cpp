#include "tensor/dtypes.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

void check_scores(std::string_view op, const Tensor& x, const Tensor& target) {
  check_operand(op, "the scores", x, Takes::floating);
  check_operand(op, "the target", target);
  check(x.rank() == 2 && target.dtype() == Dtype::i64 && target.shape() == Shape{x.dim(0)}, op,
        "wants scores (N, C) and class numbers i64 (N): {}, {}", x, target);
  check_same_device(op, {&x, &target});
}

const i64* classes_of(const Tensor& target) { return static_cast<const i64*>(target.raw()); }

}  // namespace

Tensor cross_entropy(const Tensor& x, const Tensor& target) {
  check_scores("cross_entropy", x, target);
  Tensor y = empty({}, x.dtype(), x.device());
  backend(x.device())
      .cross_entropy(x.dtype(), x.dim(0), x.dim(1), x.contiguous().raw(),
                     classes_of(target.contiguous()), y.raw());
  return y;
}

Tensor cross_entropy_backward(const Tensor& x, const Tensor& target, const Tensor& dy) {
  constexpr std::string_view op = "cross_entropy_backward";
  check_scores(op, x, target);
  check_operand(op, "dy", dy);
  check(dy.rank() == 0, op, "dy is one number: {}", dy);
  check_same_dtype(op, {&x, &dy});
  check_same_device(op, {&x, &dy});
  Tensor dx = empty(x.shape(), x.dtype(), x.device());
  backend(x.device())
      .cross_entropy_backward(x.dtype(), x.dim(0), x.dim(1), x.contiguous().raw(),
                              classes_of(target.contiguous()), dy.raw(), dx.raw());
  return dx;
}

}  // namespace melgrad
