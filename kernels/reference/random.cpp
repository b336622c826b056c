#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/philox.h"
#include "kernels/reference/reference.h"

namespace melgrad::reference {
namespace {

// The word of element i: word i mod 4 of block offset + i/4, with state {seed, offset}. Half 0 has
// the high words, half 1 the low ones.
std::uint32_t word(const u64* state, i64 i, std::uint32_t half) {
  return philox_block(state[0], state[1] + static_cast<u64>(i / 4), half)[i % 4];
}

double uniform(const u64* state, i64 i) {
  return uniform_f64(word(state, i, 0), word(state, i, 1));
}

}  // namespace

void random(Distribution distribution, double a, double b, i64 n, const u64* state, double* y) {
  switch (distribution) {
    // a + (b − a) u, but never b
    case Distribution::uniform: {
      double highest = std::max(a, largest_below<double>(b));
      for (i64 i = 0; i < n; ++i) y[i] = std::min(a + (b - a) * uniform(state, i), highest);
      break;
    }
    // Box & Muller 1958: of the uniforms u, v of elements 2k and 2k + 1 come
    // a + b √(−2 ln(1 − u)) cos 2πv  and  a + b √(−2 ln(1 − u)) sin 2πv
    case Distribution::normal:
      for (i64 i = 0; i < n; ++i) {
        bool even = i % 2 == 0;
        double u = uniform(state, even ? i : i - 1), v = uniform(state, even ? i + 1 : i);
        double radius = b * std::sqrt(-2 * std::log1p(-u)), angle = 2 * std::numbers::pi * v;
        y[i] = a + radius * (even ? std::cos(angle) : std::sin(angle));
      }
      break;
    case Distribution::integer: {
      auto low = static_cast<i64>(a);
      auto range = static_cast<u64>(static_cast<i64>(b) - low);
      for (i64 i = 0; i < n; ++i)
        y[i] = static_cast<double>(
            low + static_cast<i64>(uniform_integer(word(state, i, 0), word(state, i, 1), range)));
    }
  }
}

// y[i] = u_i < p ? 0 : x[i] / (1 − p), with the upper 24 bits of the high word for u
void dropout(double p, i64 n, const u64* state, const double* x, double* y) {
  for (i64 i = 0; i < n; ++i)
    y[i] = static_cast<double>(uniform_f32(word(state, i, 0))) < p ? 0 : x[i] / (1 - p);
}

}  // namespace melgrad::reference
