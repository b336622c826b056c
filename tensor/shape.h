#pragma once
#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/shapes.h"

namespace melgrad {

/// Up to 8 sizes, strides or axes. Negative positions count from the end.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<i64> values);
  explicit Shape(const std::vector<i64>& values);
  /// `rank` copies of `value`.
  static Shape filled(int rank, i64 value);

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  i64& operator[](i64 i) { return values_[static_cast<std::size_t>(i < 0 ? i + rank_ : i)]; }
  i64 operator[](i64 i) const { return values_[static_cast<std::size_t>(i < 0 ? i + rank_ : i)]; }
  i64 back() const { return (*this)[-1]; }
  const i64* begin() const { return values_.data(); }
  const i64* end() const { return values_.data() + rank_; }
  void push_back(i64 value);  // throws Error past 8
  void insert(i64 position, i64 value);
  void erase(i64 position);

  /// Product of all values: 1 for rank 0.
  i64 numel() const;
  /// Row-major strides of a dense array of these sizes.
  Shape row_major() const;
  std::vector<i64> vector() const { return {begin(), end()}; }

  friend bool operator==(const Shape& a, const Shape& b);

 private:
  Extents values_{};
  int rank_ = 0;
};

/// "(8, 3, 64, 64)"
std::ostream& operator<<(std::ostream& out, const Shape& shape);
std::string to_string(const Shape& shape);

/// `axis` counted from the end if negative; throws Error unless it is within a tensor of `rank`
/// axes.
int normalize_axis(i64 axis, int rank, std::string_view op);
/// NumPy's rule: sizes are aligned at the end; a size of 1 stretches. Throws Error naming both
/// shapes.
Shape broadcast_shape(const Shape& a, const Shape& b, std::string_view op);

}  // namespace melgrad
