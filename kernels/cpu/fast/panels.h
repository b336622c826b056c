#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/dtype.h"

/// Vectors of channels, and the panels that they are laid out in, of convolutions that are computed here.
namespace melgrad::panels {

#define MELGRAD_INLINE [[gnu::always_inline]] inline

/// Channels side by side, a "panel": a cache line, and one register of AVX-512.
inline constexpr i64 lanes = 16;
constexpr i64 divided_up(i64 n, i64 d) { return (n + d - 1) / d; }
/// How many panels so many channels take; what is left over in the last one is 0.
constexpr i64 panels_of(i64 channels) { return divided_up(channels, lanes); }

/// So many floats, in one register.
using Vector16 = float __attribute__((vector_size(64)));
using Vector8 = float __attribute__((vector_size(32)));
using Vector4 = float __attribute__((vector_size(16)));

// By reference: how vectors are passed differs between instruction sets.
template <class Vector>
MELGRAD_INLINE void load(Vector& v, const float* x) {
  std::memcpy(&v, x, sizeof v);
}
template <class Vector>
MELGRAD_INLINE void store(const Vector& v, float* x) {
  std::memcpy(x, &v, sizeof v);
}

// From bf16, and rounded to it as bf16's constructor rounds. A NaN that came from bf16, or that arithmetic made, has zeros
// in its lower half and stays one.
template <class Vector>
struct Bits {
  using Words [[gnu::vector_size(sizeof(Vector))]] = std::uint32_t;
  using Halves [[gnu::vector_size(sizeof(Vector) / 2)]] = std::uint16_t;
};
template <class Vector>
MELGRAD_INLINE void load(Vector& v, const bf16* x) {
  typename Bits<Vector>::Halves halves;
  std::memcpy(&halves, x, sizeof halves);
  auto words = __builtin_convertvector(halves, typename Bits<Vector>::Words) << 16U;
  std::memcpy(&v, &words, sizeof v);
}
template <class Vector>
MELGRAD_INLINE void store(const Vector& v, bf16* x) {
  typename Bits<Vector>::Words words;
  std::memcpy(&words, &v, sizeof v);
  words += 0x7fffU + ((words >> 16U) & 1U);
  auto halves = __builtin_convertvector(words >> 16U, typename Bits<Vector>::Halves);
  std::memcpy(static_cast<void*>(x), &halves, sizeof halves);
}

/// The first `count` numbers, 0 in the rest; all if there are as many.
template <class Vector, class T>
MELGRAD_INLINE void load_some(Vector& v, const T* x, i64 count) {
  constexpr i64 width = sizeof(Vector) / sizeof(float);
  if (count >= width) return load(v, x);
  v = Vector{};
  for (i64 l = 0; l < count; ++l) v[l] = static_cast<float>(x[l]);
}
template <class Vector, class T>
MELGRAD_INLINE void store_some(const Vector& v, T* x, i64 count) {
  constexpr i64 width = sizeof(Vector) / sizeof(float);
  if (count >= width) return store(v, x);
  for (i64 l = 0; l < count; ++l) x[l] = static_cast<T>(static_cast<float>(v[l]));
}

/// The code below is made once for each: rows × panels of a product's result stay in registers.
struct Avx512 {  // 32 registers of 16 floats
  using Vector = Vector16;
  static constexpr int width = 16, rows = 12, transposed_rows = 8, panels = 2;
};
struct Avx2 {  // 16 of 8
  using Vector = Vector8;
  static constexpr int width = 8, rows = 6, transposed_rows = 4, panels = 1;
};
struct Plain {  // 16 of 4
  using Vector = Vector4;
  static constexpr int width = 4, rows = 2, transposed_rows = 2, panels = 1;
};
/// Rows of a product are a multiple of every `rows` above.
inline constexpr i64 row_block = 12;

enum class Isa { plain, avx2, avx512 };
/// Whether this machine can run what was made for it: without such functions (a sanitizer's build) all.
bool runs(Isa isa);
Isa best_isa();

}  // namespace melgrad::panels
