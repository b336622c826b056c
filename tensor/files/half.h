#pragma once
#include <bit>
#include <cstdint>

namespace melgrad {

/// IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction.
inline float from_half(std::uint16_t half) {
  std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  std::uint32_t exponent = half >> 10U & 31U, fraction = half & 1023U;
  constexpr float smallest = 0x1p-24F;  // one unit of fraction below the normal numbers
  if (exponent == 0) {
    float magnitude = static_cast<float>(fraction) * smallest;
    return sign != 0 ? -magnitude : magnitude;
  }
  std::uint32_t wide = exponent == 31 ? 255 : exponent + 127 - 15;
  return std::bit_cast<float>(sign | wide << 23U | fraction << 13U);
}

}  // namespace melgrad
