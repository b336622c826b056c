#include "kernels/cpu/fast/panel_product.h"

#include <algorithm>

#include "kernels/cpu/loops/simd.h"

namespace melgrad::panels {
namespace {

// sums[r] += Σ_l a[r·row_step + l·step] · b[l], l < depth, with rows of b that are `panels` panels wide: the sums stay in
// registers, each value of a is multiplied with a whole row of b.
template <class Set, int rows, int panels, class Sums>
MELGRAD_INLINE void add_products(i64 depth, const float* a, i64 row_step, i64 step,
                                 const Matrix<const float>& b, Sums& sums) {
  constexpr int in_panel = lanes / Set::width, vectors = panels * in_panel;
  for (i64 l = 0; l < depth; ++l) {
    typename Set::Vector column[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      load(column[v], b.data + v / in_panel * b.panel + l * b.row + v % in_panel * Set::width);
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
      float value = a[r * row_step + l * step];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sums[r][v] += value * column[v];
    }
  }
}

// y (=, or += if add) sums
template <class Set, int rows, int panels, class Sums>
MELGRAD_INLINE void store_sums(const Sums& sums, bool add, const Matrix<float>& y) {
  constexpr int in_panel = lanes / Set::width, vectors = panels * in_panel;
#pragma GCC unroll 12
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      float* at = y.data + v / in_panel * y.panel + r * y.row + v % in_panel * Set::width;
      typename Set::Vector before = {};
      if (add) load(before, at);
      store(before + sums[r][v], at);
    }
}

template <class Set, int rows, int panels>
using Sums = typename Set::Vector[rows][panels * lanes / Set::width];

// The matrix that begins at a row and a panel.
template <class T>
MELGRAD_INLINE Matrix<T> from(const Matrix<T>& m, i64 row, i64 panel) {
  return {m.data + panel * m.panel + row * m.row, m.row, m.panel};
}

// y's panels first … first + panels − 1
struct Plainly {
  template <class Set, int panels>
  MELGRAD_INLINE static void multiply(const Product& p, i64 first) {
    for (i64 row = 0; row < p.rows; row += Set::rows) {
      Sums<Set, Set::rows, panels> sums = {};
      for (i64 l = 0; l < p.depth; l += lanes)
        add_products<Set, Set::rows, panels>(std::min(lanes, p.depth - l),
                                             from(p.a, row, l / lanes).data, p.a.row, 1,
                                             from(p.b, l, first), sums);
      store_sums<Set, Set::rows, panels>(sums, p.add, from(p.y, row, first));
    }
  }
};
struct Transposed {
  template <class Set, int panels>
  MELGRAD_INLINE static void multiply(const Product& p, i64 first) {
    constexpr int rows = Set::transposed_rows;
    for (i64 row = 0; row < p.rows; row += rows) {
      Sums<Set, rows, panels> sums = {};
      add_products<Set, rows, panels>(p.depth, from(p.a, 0, row / lanes).data + row % lanes, 1,
                                      p.a.row, from(p.b, 0, first), sums);
      store_sums<Set, rows, panels>(sums, p.add, from(p.y, row, first));
    }
  }
};

template <class Set, class How>
MELGRAD_INLINE void multiply_all(const Product& p) {
  i64 panel = 0;
  for (; panel + Set::panels <= p.panels; panel += Set::panels)
    How::template multiply<Set, Set::panels>(p, panel);
  for (; panel < p.panels; ++panel) How::template multiply<Set, 1>(p, panel);
}

template <class How>
MELGRAD_AVX512 void multiply_avx512(const Product& p) {
  multiply_all<Avx512, How>(p);
}
template <class How>
MELGRAD_AVX2 void multiply_avx2(const Product& p) {
  multiply_all<Avx2, How>(p);
}

template <class How>
void dispatch(const Product& p, Isa isa) {
  if (isa == Isa::avx512) return multiply_avx512<How>(p);
  if (isa == Isa::avx2) return multiply_avx2<How>(p);
  multiply_all<Plain, How>(p);
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

void multiply(const Product& p, Isa isa) { dispatch<Plainly>(p, isa); }
void multiply_transposed(const Product& p, Isa isa) { dispatch<Transposed>(p, isa); }

}  // namespace melgrad::panels
