#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/cuda/device_code.h"

/// Neighbours that a thread moves as one: a GPU's memory is busy only if every request is for many bytes.
namespace melgrad::cuda {

template <class T, i64 count>
struct alignas(sizeof(T) * count) Pack {
  T at[count];
};

/// Whether packs of four can be read from all of them: a view may start anywhere.
template <class... T>
bool is_aligned(const T*... x) {
  return ((reinterpret_cast<std::uintptr_t>(x) % sizeof(Pack<T, 4>) == 0) && ...);
}

/// f(std::integral_constant<i64, 4>()) where a thread may take four neighbours, else f(…1).
template <class F>
void dispatch_pack(bool four, F&& f) {
  if (four) return f(std::integral_constant<i64, 4>());
  f(std::integral_constant<i64, 1>());
}

/// Of the simulator only: an address that a GPU refuses.
template <class T, i64 count>
__device__ void check_address([[maybe_unused]] const T* x) {
#ifndef __CUDACC__
  sim::check_aligned(x, sizeof(Pack<T, count>));
#endif
}

template <i64 count, class T>
__device__ Pack<T, count> load_pack(const T* x) {
  check_address<T, count>(x);
  return *reinterpret_cast<const Pack<T, count>*>(x);
}
template <class T, i64 count>
__device__ void store_pack(const Pack<T, count>& values, T* y) {
  check_address<T, count>(y);
  *reinterpret_cast<Pack<T, count>*>(y) = values;
}

// Of an array of n that may start at any address: a pack where it is one, else value by value, as far as there are any.
template <class T>
__device__ bool is_whole(const T* x, i64 first, i64 n) {
  return first + 4 <= n && reinterpret_cast<std::uintptr_t>(x) % sizeof(Pack<T, 4>) == 0;
}
template <class T>
__device__ Pack<T, 4> load_four(const T* x, i64 first, i64 n) {
  if (is_whole(x, first, n)) return load_pack<4>(x + first);
  Pack<T, 4> values{};
  for (i64 k = 0; k < 4; ++k) {
    if (first + k < n) values.at[k] = x[first + k];
  }
  return values;
}
template <class T>
__device__ void store_four(const Pack<T, 4>& values, T* y, i64 first, i64 n) {
  if (is_whole(y, first, n)) return store_pack(values, y + first);
  for (i64 k = 0; k < 4; ++k) {
    if (first + k < n) y[first + k] = values.at[k];
  }
}

}  // namespace melgrad::cuda
