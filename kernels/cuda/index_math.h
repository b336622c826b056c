#pragma once
#include <cstdint>

#include "kernels/cuda/device_code.h"

/// From the number of an element to its place in a strided array, and the fewest axes that say so.
namespace melgrad::cuda {

template <class T, i64 count>
struct alignas(sizeof(T) * count) Pack {
  T at[count];
};

/// Whether packs of four can be read from both: a view may start anywhere.
template <class T>
bool is_aligned(const T* a, const T* b) {
  auto address = reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b);
  return address % (4 * sizeof(T)) == 0;
}

struct Places {
  i64 a = 0, b = 0;
};

/// Offsets of the operands (target and source) of element i of the row-major result.
__host__ __device__ inline Places places(const BroadcastShape& s, i64 i) {
  Places at;
  for (int d = s.rank - 1; d >= 0; --d) {
    i64 position = i % s.size[d];
    i /= s.size[d];
    at.a += position * s.a_stride[d];
    at.b += position * s.b_stride[d];
  }
  return at;
}

inline i64 numel(const BroadcastShape& s) {
  i64 n = 1;
  for (int d = 0; d < s.rank; ++d) n *= s.size[d];
  return n;
}

/// The same elements in the same order with as few axes as possible, at least one.
inline BroadcastShape simplify(const BroadcastShape& shape) {
  BroadcastShape s;
  for (int d = 0; d < shape.rank; ++d) {
    if (shape.size[d] == 1) continue;
    int last = s.rank - 1;
    bool joins = last >= 0 && s.a_stride[last] == shape.a_stride[d] * shape.size[d] &&
                 s.b_stride[last] == shape.b_stride[d] * shape.size[d];
    if (!joins) s.size[last = s.rank++] = 1;
    s.size[last] *= shape.size[d];
    s.a_stride[last] = shape.a_stride[d];
    s.b_stride[last] = shape.b_stride[d];
  }
  if (s.rank == 0) {
    s.rank = 1;
    s.size[0] = s.a_stride[0] = s.b_stride[0] = 1;
  }
  return s;
}

}  // namespace melgrad::cuda
