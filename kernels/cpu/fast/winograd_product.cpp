#include "kernels/cpu/fast/winograd_product.h"

#include <algorithm>

#include "kernels/cpu/loops/simd.h"

namespace melgrad::winograd {
namespace {

// sums[r] += Σ_l a[r·row_step + l·step] · b[l], l < depth, with rows of b that are `panels` panels wide: the sums stay in
// registers, each value of a is multiplied with a whole row of b.
template <class Set, int rows, int panels, class Sums>
MELGRAD_INLINE void add_products(i64 depth, const float* a, i64 row_step, i64 step, const float* b,
                                 i64 b_panel, Sums& sums) {
  constexpr int in_panel = lanes / Set::width, vectors = panels * in_panel;
  for (i64 l = 0; l < depth; ++l) {
    typename Set::Vector column[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      load(column[v], b + v / in_panel * b_panel + l * lanes + v % in_panel * Set::width);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
      float value = a[r * row_step + l * step];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sums[r][v] += value * column[v];
    }
  }
}

// y (=, or += if add) sums; y's panels lie y_panel numbers apart
template <class Set, int rows, int panels, class Sums>
MELGRAD_INLINE void store_sums(const Sums& sums, bool add, float* y, i64 y_panel) {
  constexpr int in_panel = lanes / Set::width, vectors = panels * in_panel;
#pragma GCC unroll 12
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      float* at = y + v / in_panel * y_panel + r * lanes + v % in_panel * Set::width;
      typename Set::Vector before = {};
      if (add) load(before, at);
      store(before + sums[r][v], at);
    }
}

template <class Set, int rows, int panels>
using Sums = typename Set::Vector[rows][panels * lanes / Set::width];

// y's panels first … first + panels − 1
template <class Set, int panels>
MELGRAD_INLINE void multiply_panels(const Product& p, i64 first) {
  for (i64 row = 0; row < p.rows; row += Set::rows) {
    Sums<Set, Set::rows, panels> sums = {};
    for (i64 l = 0; l < p.depth; l += lanes)
      add_products<Set, Set::rows, panels>(std::min(lanes, p.depth - l),
                                           p.a + l * p.rows + row * lanes, lanes, 1,
                                           p.b + first * p.b_panel + l * lanes, p.b_panel, sums);
    store_sums<Set, Set::rows, panels>(sums, p.add, p.y + (first * p.rows + row) * lanes,
                                       p.rows * lanes);
  }
}

template <class Set, int panels>
MELGRAD_INLINE void multiply_panels(const TransposedProduct& p, i64 first) {
  constexpr int rows = Set::transposed_rows;
  for (i64 row = 0; row < p.rows; row += rows) {
    Sums<Set, rows, panels> sums = {};
    i64 panel = p.depth * lanes;
    add_products<Set, rows, panels>(p.depth, p.a + row / lanes * panel + row % lanes, 1, lanes,
                                    p.b + first * panel, panel, sums);
    store_sums<Set, rows, panels>(sums, p.add, p.y + (first * p.rows + row) * lanes,
                                  p.rows * lanes);
  }
}

template <class Set, class P>
MELGRAD_INLINE void multiply_all(const P& p) {
  i64 panel = 0;
  for (; panel + Set::panels <= p.panels; panel += Set::panels)
    multiply_panels<Set, Set::panels>(p, panel);
  for (; panel < p.panels; ++panel) multiply_panels<Set, 1>(p, panel);
}

MELGRAD_AVX512 void multiply_avx512(const Product& p) { multiply_all<Avx512>(p); }
MELGRAD_AVX2 void multiply_avx2(const Product& p) { multiply_all<Avx2>(p); }
void multiply_plain(const Product& p) { multiply_all<Plain>(p); }

MELGRAD_AVX512 void multiply_avx512(const TransposedProduct& p) { multiply_all<Avx512>(p); }
MELGRAD_AVX2 void multiply_avx2(const TransposedProduct& p) { multiply_all<Avx2>(p); }
void multiply_plain(const TransposedProduct& p) { multiply_all<Plain>(p); }

template <class P>
void dispatch(const P& p, Isa isa) {
  if (isa == Isa::avx512) return multiply_avx512(p);
  if (isa == Isa::avx2) return multiply_avx2(p);
  multiply_plain(p);
}

}  // namespace

bool runs([[maybe_unused]] Isa isa) {
#if MELGRAD_HAS_TARGETS
  if (isa == Isa::avx512) return __builtin_cpu_supports("x86-64-v4");
  if (isa == Isa::avx2) return __builtin_cpu_supports("x86-64-v3");
#endif
  return true;
}

Isa best_isa() {
  static const Isa best = !MELGRAD_HAS_TARGETS ? Isa::plain
                          : runs(Isa::avx512)  ? Isa::avx512
                          : runs(Isa::avx2)    ? Isa::avx2
                                               : Isa::plain;
  return best;
}

void multiply(const Product& p, Isa isa) { dispatch(p, isa); }
void multiply_transposed(const TransposedProduct& p, Isa isa) { dispatch(p, isa); }

}  // namespace melgrad::winograd
