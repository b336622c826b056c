#pragma once
#include <array>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/shapes.h"

/// What lets the loops of this folder read like their formulas.
namespace melgrad::reference {

/// A dense array and its sizes: x(n, h, w, c) is one of its elements. Debug builds check each index.
template <class T, std::size_t rank>
class Array {
 public:
  template <class... Sizes>
  explicit Array(T* data, Sizes... sizes) : data_(data), sizes_{sizes...} {}

  template <class... Index>
  T& operator()(Index... index) const {
    static_assert(sizeof...(index) == rank);
    i64 at = 0;
    std::size_t axis = 0;
    ((assert(index >= 0 && index < sizes_[axis]), at = at * sizes_[axis++] + index), ...);
    return data_[at];
  }
  T* data() const { return data_; }
  i64 size() const {
    i64 n = 1;
    for (i64 size : sizes_) n *= size;
    return n;
  }

 private:
  T* data_;
  std::array<i64, rank> sizes_;
};
template <class T, class... Sizes>
Array(T*, Sizes...) -> Array<T, sizeof...(Sizes)>;

/// An array with memory of its own, at first 0.
template <class T, std::size_t rank>
class OwnArray : public Array<T, rank> {
 public:
  template <class... Sizes>
  explicit OwnArray(Sizes... sizes)
      : OwnArray(std::vector<T>(static_cast<std::size_t>((sizes * ...))), sizes...) {}
  OwnArray(OwnArray&&) noexcept = default;  // a vector's memory stays where it is
  OwnArray& operator=(OwnArray&&) noexcept = default;

 private:
  template <class... Sizes>
  explicit OwnArray(std::vector<T> memory, Sizes... sizes)
      : Array<T, rank>(memory.data(), sizes...), memory_(std::move(memory)) {}
  std::vector<T> memory_;
};
template <class T = double, class... Sizes>
OwnArray<T, sizeof...(Sizes)> zeros(Sizes... sizes) {
  return OwnArray<T, sizeof...(Sizes)>(sizes...);
}

/// Every index into an array of these sizes, the last running fastest:
///   for (auto [r, c] : indices(2, 3))      (0,0) (0,1) (0,2) (1,0) (1,1) (1,2)
template <std::size_t rank>
class Indices {
 public:
  struct End {};
  struct Iterator {
    std::array<i64, rank> sizes, index;

    std::array<i64, rank> operator*() const { return index; }
    bool operator!=(End) const { return index[0] < sizes[0]; }
    Iterator& operator++() {
      std::size_t axis = rank - 1;
      while (++index[axis] == sizes[axis] && axis > 0) index[axis--] = 0;
      return *this;
    }
  };

  explicit Indices(std::array<i64, rank> sizes) : sizes_(sizes) {
    for (i64 size : sizes)
      if (size == 0) sizes_[0] = 0;
  }
  Iterator begin() const { return {sizes_, {}}; }
  End end() const { return {}; }

 private:
  std::array<i64, rank> sizes_;
};
template <class... Sizes>
Indices<sizeof...(Sizes)> indices(Sizes... sizes) {
  return Indices<sizeof...(Sizes)>({i64{sizes}...});
}

/// Where the number of axes is known only when the program runs, one loop within the other: calls
/// f(place in a, place in b) for every index.
template <class F>
void nested_loops(int rank, const Extents& size, const Extents& a_stride, const Extents& b_stride,
                  const F& f, int axis = 0, i64 a = 0, i64 b = 0) {
  if (axis == rank) {
    f(a, b);
    return;
  }
  for (i64 i = 0; i < size[axis]; ++i)
    nested_loops(rank, size, a_stride, b_stride, f, axis + 1, a + i * a_stride[axis],
                 b + i * b_stride[axis]);
}

}  // namespace melgrad::reference
