#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace melgrad {

/// Element type of a tensor. f64 is the reference path and exists on the CPU only.
enum class Dtype : std::uint8_t { f32, f64, bf16, i64, u8 };

using u8 = std::uint8_t;
using i64 = std::int64_t;
using u64 = std::uint64_t;

/// The upper half of an IEEE f32: 8 bits of exponent, 7 of fraction. Arithmetic is f32.
struct bf16 {
  std::uint16_t bits = 0;

  bf16() = default;
  /// Rounds to nearest, ties to even; NaN stays NaN.
  explicit bf16(float value) {
    auto word = std::bit_cast<std::uint32_t>(value);
    bool is_nan = (word & 0x7fffffffU) > 0x7f800000U;
    std::uint32_t rounded = word + 0x7fffU + ((word >> 16U) & 1U);
    bits = static_cast<std::uint16_t>(is_nan ? (word >> 16U) | 0x40U : rounded >> 16U);
  }
  explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }
};

constexpr std::size_t size_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
    case Dtype::i64: return 8;
    case Dtype::f32: return 4;
    case Dtype::bf16: return 2;
    case Dtype::u8: return 1;
  }
  return 0;
}

constexpr std::string_view name_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return "f32";
    case Dtype::f64: return "f64";
    case Dtype::bf16: return "bf16";
    case Dtype::i64: return "i64";
    case Dtype::u8: return "u8";
  }
  return "?";
}

constexpr bool is_floating(Dtype dtype) {
  return dtype == Dtype::f32 || dtype == Dtype::f64 || dtype == Dtype::bf16;
}

/// The dtype of what goes with values of a floating dtype, but needs the bits of a sum: statistics,
/// weights of an average.
constexpr Dtype compute_dtype(Dtype dtype) { return dtype == Dtype::f64 ? Dtype::f64 : Dtype::f32; }

template <class T>
inline constexpr Dtype dtype_of = [] {
  static_assert(sizeof(T) == 0, "a tensor's elements are float, double, bf16, i64 or u8");
  return Dtype::f32;
}();
template <>
inline constexpr Dtype dtype_of<float> = Dtype::f32;
template <>
inline constexpr Dtype dtype_of<double> = Dtype::f64;
template <>
inline constexpr Dtype dtype_of<bf16> = Dtype::bf16;
template <>
inline constexpr Dtype dtype_of<i64> = Dtype::i64;
template <>
inline constexpr Dtype dtype_of<u8> = Dtype::u8;

/// Calls f(T{}) with the C++ type of `dtype`.
template <class F>
decltype(auto) dispatch(Dtype dtype, F&& f) {
  switch (dtype) {
    case Dtype::f64: return std::forward<F>(f)(double{});
    case Dtype::bf16: return std::forward<F>(f)(bf16{});
    case Dtype::i64: return std::forward<F>(f)(i64{});
    case Dtype::u8: return std::forward<F>(f)(u8{});
    case Dtype::f32: break;
  }
  return std::forward<F>(f)(float{});
}

}  // namespace melgrad
