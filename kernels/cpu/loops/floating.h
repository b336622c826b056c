#pragma once
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernels/dtype.h"
#include "kernels/error.h"

namespace melgrad {

// One template for f32 and bf16: T is the type in memory, and all arithmetic is f32.

/// target = value, rounded if T is bf16. A function of its own: a temporary of class type in the
/// body of an `omp simd` loop keeps g++ from making vector code of it.
template <class T>
void store(T& target, float value) {
  target = static_cast<T>(value);
}

/// The value as T, rounded.
template <class T>
T from_double(double value) {
  if constexpr (std::is_same_v<T, bf16>)
    return bf16(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

/// f64's bits, read as f32's, would be nonsense that nobody sees.
inline void check_not_f64(Dtype dtype) {
  check(dtype != Dtype::f64, "cpu", "f64 has come to a loop for f32: it takes kernels/reference");
}

/// Calls f(T{}) with the C++ type of `dtype`. f64 is the reference path's and an Error here.
template <class F>
decltype(auto) dispatch_fast(Dtype dtype, F&& f) {
  check_not_f64(dtype);
  switch (dtype) {
    case Dtype::bf16: return std::forward<F>(f)(bf16{});
    case Dtype::i64: return std::forward<F>(f)(i64{});
    case Dtype::u8: return std::forward<F>(f)(u8{});
    default: return std::forward<F>(f)(float{});
  }
}

/// The same for f32 and bf16; throws Error "[where] ..." for integers.
template <class F>
decltype(auto) dispatch_floating(std::string_view where, Dtype dtype, F&& f) {
  check(is_floating(dtype), where, "needs a floating-point dtype, got {}", name_of(dtype));
  check_not_f64(dtype);
  return dtype == Dtype::bf16 ? std::forward<F>(f)(bf16{}) : std::forward<F>(f)(float{});
}

}  // namespace melgrad
