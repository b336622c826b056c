#pragma once
#include <cstdint>

#include "kernels/cuda/device_code.h"
#include "kernels/simplify.h"

/// From the number of an element to its place in a strided array.
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

}  // namespace melgrad::cuda
