#include "tensor/dtypes.h"

#include <cmath>

namespace melgrad {

void check_operand(std::string_view op, std::string_view name, const Tensor& x, Takes takes) {
  check(x.defined(), op, "{} is an undefined tensor", name);
  Dtype dtype = x.dtype();
  switch (takes) {
    case Takes::all: return;
    case Takes::floating:
      check(is_floating(dtype), op, "takes f32, f64 or bf16: {} {}", name, x);
      return;
    case Takes::f32_or_f64:
      check(dtype == Dtype::f32 || dtype == Dtype::f64, op, "takes f32 or f64: {} {}", name, x);
      return;
    case Takes::numbers_that_add:
      check(dtype != Dtype::u8, op, "takes f32, f64, bf16 or i64: {} {}", name, x);
      return;
  }
}

void check_index(std::string_view op, const Tensor& index) {
  check(index.defined(), op, "index is an undefined tensor");
  check(index.dtype() == Dtype::i64, op, "index must be i64: {}", index);
}

void check_same_dtype(std::string_view op, std::initializer_list<const Tensor*> tensors) {
  const Tensor* first = nullptr;
  for (const Tensor* tensor : tensors) {
    if (!tensor->defined()) continue;
    if (first == nullptr) first = tensor;
    check(first->dtype() == tensor->dtype(), op, "operands have different dtypes: {} and {}",
          *first, *tensor);
  }
}

void check_same_device(std::string_view op, std::initializer_list<const Tensor*> tensors) {
  const Tensor* first = nullptr;
  for (const Tensor* tensor : tensors) {
    if (!tensor->defined()) continue;
    if (first == nullptr) first = tensor;
    check(first->device() == tensor->device(), op,
          "operands are on different devices: {} on {} and {} on {}", *first, first->device(),
          *tensor, tensor->device());
  }
}

void check_number(std::string_view op, double number, Dtype dtype) {
  if (is_floating(dtype)) return;
  double low = dtype == Dtype::u8 ? 0 : -0x1p63;
  double high = dtype == Dtype::u8 ? 256 : 0x1p63;
  check(number >= low && number < high && number == std::floor(number), op,
        "{} cannot be a number of dtype {}", number, name_of(dtype));
}

}  // namespace melgrad
