#include <cmath>
#include <numbers>
#include <type_traits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/philox.h"
#include "kernels/reference/reference.h"

namespace melgrad {
namespace {

// Words are drawn 1024 at a time into a buffer, so that Philox, whose rounds are the same for all
// blocks, fills vectors; what a draw makes of them is a second loop.
constexpr i64 words_at_once = 1024;
using Words = std::uint32_t[words_at_once];

// words[4j + w] = word w of block first + j
MELGRAD_SIMD void draw_words(u64 seed, u64 first, std::uint32_t half, Words& words) {
  constexpr int lanes = 16;
  for (i64 j = 0; j < words_at_once / 4; j += lanes) {
    std::uint32_t w0[lanes], w1[lanes], w2[lanes], w3[lanes];
#pragma omp simd
    for (int lane = 0; lane < lanes; ++lane) {
      PhiloxWords block = philox_block(seed, first + static_cast<u64>(j + lane), half);
      w0[lane] = block[0];
      w1[lane] = block[1];
      w2[lane] = block[2];
      w3[lane] = block[3];
    }
    std::uint32_t* to = words + 4 * j;
    for (int lane = 0; lane < lanes; ++lane) {
      to[4 * lane] = w0[lane];
      to[4 * lane + 1] = w1[lane];
      to[4 * lane + 2] = w2[lane];
      to[4 * lane + 3] = w3[lane];
    }
  }
}

// Calls f(begin, count, high, low) for stretches that cover elements 0 … n − 1, with their words.
template <class F>
void for_each_draw(const u64* state, i64 n, bool need_low, F f) {
  u64 seed = state[0], offset = state[1];
  i64 stretches = (n + words_at_once - 1) / words_at_once;
  parallel_for(stretches, 4 * words_at_once, [=](i64 first, i64 last) {
    Words high, low = {};
    for (i64 s = first; s < last; ++s) {
      i64 begin = s * words_at_once;
      u64 block = offset + static_cast<u64>(begin / 4);
      draw_words(seed, block, 0, high);
      if (need_low) draw_words(seed, block, 1, low);
      f(begin, std::min(words_at_once, n - begin), high, low);
    }
  });
}

// y = a + (b − a) u
template <class T>
void fill_uniform(double a, double b, i64 n, const u64* state, T* y) {
  double highest = std::max(a, largest_below<T>(b));
  for_each_draw(state, n, false, [=](i64 begin, i64 count, const Words& high, const Words&) {
    for (i64 i = 0; i < count; ++i) {
      double u = static_cast<double>(uniform_f32(high[i]));
      y[begin + i] = from_double<T>(std::min(a + (b - a) * u, highest));
    }
  });
}

// Box & Muller 1958: of the uniforms u, v of elements 2k and 2k + 1 come
// √(−2 ln(1 − u)) cos 2πv  and  √(−2 ln(1 − u)) sin 2πv.  In f64 for every dtype.
template <class T>
void fill_normal(double mean, double deviation, i64 n, const u64* state, T* y) {
  for_each_draw(state, n, true, [=](i64 begin, i64 count, const Words& high, const Words& low) {
    for (i64 i = 0; i < count; i += 2) {
      double u = uniform_f64(high[i], low[i]), v = uniform_f64(high[i + 1], low[i + 1]);
      double radius = deviation * std::sqrt(-2 * std::log1p(-u)), angle = 2 * std::numbers::pi * v;
      y[begin + i] = from_double<T>(mean + radius * std::cos(angle));
      if (i + 1 < count) y[begin + i + 1] = from_double<T>(mean + radius * std::sin(angle));
    }
  });
}

template <class T>
void fill_integer(i64 low_end, u64 range, i64 n, const u64* state, T* y) {
  for_each_draw(state, n, true, [=](i64 begin, i64 count, const Words& high, const Words& low) {
    for (i64 i = 0; i < count; ++i) {
      i64 value = low_end + static_cast<i64>(uniform_integer(high[i], low[i], range));
      if constexpr (std::is_integral_v<T>)
        y[begin + i] = static_cast<T>(value);
      else
        y[begin + i] = from_double<T>(static_cast<double>(value));
    }
  });
}

MELGRAD_SIMD void mask(const std::uint32_t* words, std::uint32_t threshold, float scale, i64 n,
                       const float* x, float* y) {
#pragma omp simd
  for (i64 i = 0; i < n; ++i) y[i] = words[i] >> 8U < threshold ? 0 : x[i] * scale;
}

MELGRAD_SIMD void mask(const std::uint32_t* words, std::uint32_t threshold, float scale, i64 n,
                       const bf16* x, bf16* y) {
#pragma omp simd
  for (i64 i = 0; i < n; ++i)
    y[i] = words[i] >> 8U < threshold ? bf16() : bf16(static_cast<float>(x[i]) * scale);
}

}  // namespace

void CpuBackend::random(Distribution distribution, Dtype dtype, double a, double b, i64 n,
                        const u64* state, void* y) {
  check(distribution == Distribution::integer || is_floating(dtype), "random",
        "uniform and normal numbers are f32, f64 or bf16, not {}", name_of(dtype));
  check(distribution != Distribution::integer || a < b, "random",
        "there is no integer from {} to before {}", a, b);
  if (dtype == Dtype::f64) return reference::random(distribution, a, b, n, state, f64(y));
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* to = static_cast<T*>(y);
    if (distribution == Distribution::integer) {
      auto low_end = static_cast<i64>(a);
      return fill_integer(low_end, static_cast<u64>(static_cast<i64>(b) - low_end), n, state, to);
    }
    if constexpr (!std::is_integral_v<T>) {
      if (distribution == Distribution::uniform) return fill_uniform(a, b, n, state, to);
      fill_normal(a, b, n, state, to);
    }
  });
}

void CpuBackend::advance_random(u64* state, u64 blocks) { state[1] += blocks; }

void CpuBackend::dropout(Dtype dtype, double p, i64 n, const u64* state, const void* x, void* y) {
  check(p >= 0 && p <= 1, "dropout", "probability {} is not in [0, 1]", p);
  if (dtype == Dtype::f64) return reference::dropout(p, n, state, f64(x), f64(y));
  std::uint32_t threshold = dropout_threshold(p);
  auto scale = static_cast<float>(p < 1 ? 1 / (1 - p) : 0);
  dispatch_floating("dropout", dtype, [&]<class T>(T) {
    auto* from = static_cast<const T*>(x);
    auto* to = static_cast<T*>(y);
    for_each_draw(state, n, false, [=](i64 begin, i64 count, const Words& high, const Words&) {
      mask(high, threshold, scale, count, from + begin, to + begin);
    });
  });
}

}  // namespace melgrad
