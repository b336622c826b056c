#include "tensor/shape.h"

#include <algorithm>

#include "kernels/error.h"

namespace melgrad {

Shape::Shape(std::initializer_list<i64> values) {
  for (i64 value : values) push_back(value);
}

Shape::Shape(const std::vector<i64>& values) {
  for (i64 value : values) push_back(value);
}

Shape Shape::filled(int rank, i64 value) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(value);
  return shape;
}

void Shape::push_back(i64 value) { insert(rank_, value); }

void Shape::insert(i64 position, i64 value) {
  check(rank_ < max_rank, "shape", "at most {} axes, {} already has them", max_rank, *this);
  auto place = values_.begin() + (position < 0 ? position + rank_ : position);
  std::copy_backward(place, values_.begin() + rank_, values_.begin() + rank_ + 1);
  *place = value;
  ++rank_;
}

void Shape::erase(i64 position) {
  auto place = values_.begin() + (position < 0 ? position + rank_ : position);
  std::copy(place + 1, values_.begin() + rank_, place);
  --rank_;
}

i64 Shape::numel() const {
  i64 product = 1;
  bool overflow = false;
  for (i64 size : *this) overflow |= __builtin_mul_overflow(product, size, &product);
  check(!overflow, "shape", "more elements than 63 bits can count: {}", *this);
  return product;
}

Shape Shape::row_major() const {
  Shape strides = filled(rank_, 1);
  for (int i = rank_ - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * std::max<i64>(1, (*this)[i + 1]);
  return strides;
}

bool operator==(const Shape& a, const Shape& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << "(";
  for (int i = 0; i < shape.rank(); ++i) out << (i > 0 ? ", " : "") << shape[i];
  return out << (shape.rank() == 1 ? ",)" : ")");
}

std::string to_string(const Shape& shape) { return format("{}", shape); }

int normalize_axis(i64 axis, int rank, std::string_view op) {
  check(axis >= -rank && axis < rank, op, "there is no axis {} in a tensor of {} axes", axis, rank);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape broadcast_shape(const Shape& a, const Shape& b, std::string_view op) {
  Shape result = Shape::filled(std::max(a.rank(), b.rank()), 1);
  for (int i = 1; i <= result.rank(); ++i) {
    i64 size_a = i <= a.rank() ? a[-i] : 1;
    i64 size_b = i <= b.rank() ? b[-i] : 1;
    check(size_a == size_b || size_a == 1 || size_b == 1, op,
          "shapes do not broadcast, {} against {} from the end: {} and {}", size_a, size_b, a, b);
    result[-i] = size_a == 1 ? size_b : size_a;
  }
  return result;
}

}  // namespace melgrad
