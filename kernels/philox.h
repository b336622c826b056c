#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/dtype.h"

/// Philox-4x32-10, and how its words become numbers; the same on every device.
namespace melgrad {

using PhiloxWords = std::array<std::uint32_t, 4>;

/// Ten rounds on `counter` with `key` (Salmon et al. 2011, "Parallel random numbers: as easy as
/// 1, 2, 3", section 3.3): a block of four random words that depends on nothing else.
constexpr PhiloxWords philox(PhiloxWords counter, std::array<std::uint32_t, 2> key) {
  std::uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  std::uint32_t k0 = key[0], k1 = key[1];
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    u64 p0 = u64{0xD2511F53U} * c0;
    u64 p1 = u64{0xCD9E8D57U} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32U) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32U) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {c0, c1, c2, c3};
}

/// Element i of a draw with state {seed, offset} takes word i mod 4 of block offset + i/4 as its
/// `high` word. Where 32 bits do not suffice, the same word of the second half is its `low` word.
/// So f64 draws the same numbers as f32, with more digits.
constexpr PhiloxWords philox_block(u64 seed, u64 block, std::uint32_t half) {
  return philox(
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32U), half, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
}

/// [0, 1) in steps of 2⁻²⁴: the upper 24 bits of `high`.
constexpr float uniform_f32(std::uint32_t high) {
  return static_cast<float>(static_cast<std::int32_t>(high >> 8U)) * 0x1p-24f;
}

/// [0, 1) in steps of 2⁻⁵³: `high` and the upper 21 bits of `low`.
constexpr double uniform_f64(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>((u64{high} << 21U) | (low >> 11U)) * 0x1p-53;
}

/// 0 … range − 1: the 64 bits times range / 2⁶⁴, rounded down. No value is more than range / 2⁶⁴
/// likelier than another.
constexpr u64 uniform_integer(std::uint32_t high, std::uint32_t low, u64 range) {
  u64 low_product = u64{low} * (range & 0xffffffffU);
  u64 middle1 = u64{high} * (range & 0xffffffffU) + (low_product >> 32U);
  u64 middle2 = u64{low} * (range >> 32U) + (middle1 & 0xffffffffU);
  return u64{high} * (range >> 32U) + (middle1 >> 32U) + (middle2 >> 32U);
}

/// The largest T below b: a + (b − a) u may round up to b itself, which is not in [a, b).
template <class T>
double largest_below(double b) {
  if constexpr (std::is_same_v<T, bf16>) {
    bf16 nearest(static_cast<float>(b));
    if (static_cast<float>(nearest) < b) return static_cast<float>(nearest);
    // one step of bf16 towards −∞; the step below 0 is the smallest negative number
    nearest.bits = nearest.bits == 0        ? std::uint16_t{0x8001}
                   : nearest.bits & 0x8000U ? static_cast<std::uint16_t>(nearest.bits + 1U)
                                            : static_cast<std::uint16_t>(nearest.bits - 1U);
    return static_cast<float>(nearest);
  } else {
    T nearest = static_cast<T>(b);
    return nearest < b ? nearest : std::nextafter(nearest, -std::numeric_limits<T>::infinity());
  }
}

/// u < p is u·2²⁴ < p·2²⁴: integers compare alike on every device.
inline std::uint32_t dropout_threshold(double p) {
  return static_cast<std::uint32_t>(std::ceil(p * 0x1p24));
}

}  // namespace melgrad
