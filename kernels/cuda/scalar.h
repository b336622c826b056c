#pragma once
#include <string_view>
#include <type_traits>

#include "kernels/cuda/device_code.h"
#include "kernels/error.h"

namespace melgrad::cuda {

/// What kernels compute in: f32 for f32 and bf16, i64 for the integers.
template <class T>
using Compute = std::conditional_t<std::is_integral_v<T>, i64, float>;

template <class T>
__device__ Compute<T> load(T x) {
  return static_cast<Compute<T>>(x);
}
template <>
__device__ inline float load<bf16>(bf16 x) {
#ifdef __CUDACC__
  return __uint_as_float(static_cast<unsigned>(x.bits) << 16U);
#else
  return static_cast<float>(x);
#endif
}

template <class T>
__device__ T store(Compute<T> x) {
  return static_cast<T>(x);
}
/// To nearest, ties to even; NaN stays NaN (dtype.h).
template <>
__device__ inline bf16 store<bf16>(float x) {
#ifdef __CUDACC__
  unsigned word = __float_as_uint(x);
  bool is_nan = (word & 0x7fffffffU) > 0x7f800000U;
  unsigned rounded = (word + 0x7fffU + ((word >> 16U) & 1U)) >> 16U;
  bf16 y;
  y.bits = static_cast<unsigned short>(is_nan ? (word >> 16U) | 0x40U : rounded);
  return y;
#else
  return bf16(x);
#endif
}

/// f(T{}) for f32 and bf16. f64 exists on the CPU only.
template <class F>
void dispatch_floating(std::string_view op, Dtype dtype, F&& f) {
  if (dtype == Dtype::f32) return f(float{});
  if (dtype == Dtype::bf16) return f(bf16{});
  fail(op, "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
}

/// f(T{}) for every dtype a GPU has.
template <class F>
void dispatch_device(std::string_view op, Dtype dtype, F&& f) {
  if (dtype == Dtype::i64) return f(i64{});
  if (dtype == Dtype::u8) return f(u8{});
  dispatch_floating(op, dtype, std::forward<F>(f));
}

}  // namespace melgrad::cuda
