#include "kernels/cpu/fast/conv_weights.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/fast/panel_product.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/scratch_array.h"

// For each tap (r,t) of the kernel the gradient is a product of matrices,
//
//   dw_rt = dyᵀ x_rt,
//
// whose rows are output positions i = (n·P + p)·Q + q: row i of dy is a pixel of it, and row i of x_rt the pixel of x that
// this position sees at the tap, or zeros. It is a sum over rows, cut into sections, which are added up at the end, and into
// groups of x's panels of 16 channels, by the shape alone. A thread takes a section and a group from pixels to their part of
// the sums, some rows at a time: dy as it lies, x_rt gathered into panels in the first-level cache.
namespace melgrad {
namespace {

using namespace panels;

// Parts of the sums: (section, tap, panels of c, o, 16)
struct Sums {
  const ConvShape& s;
  i64 rows = s.n * s.p * s.q, taps = s.kh * s.kw, panels = s.c / lanes;
  i64 of_tap = s.c * s.o, size = taps * of_tap;
  // Of x's panels at a time: their part of the sums is up to 640 KB. An even number of groups, for two threads.
  i64 most = std::max<i64>(2, 160'000 / (taps * s.o * lanes));
  i64 groups = std::min(divided_up(panels, 2 * most) * 2, panels);
  // Of 512 rows or more, and together at most 16 MB
  i64 sections = std::clamp<i64>(std::min(rows / 512, (i64{1} << 22) / size) / 2 * 2, 1, 16);
  i64 some_rows = std::clamp<i64>(50'000 / s.o, 24, 96);

  i64 first_row(i64 section) const { return rows * section / sections; }
  i64 first_panel(i64 group) const { return panels * group / groups; }
};

// Where in x the pixels lie that positions first … first + rows − 1 see at a tap; −1: nowhere
void find_pixels(const ConvShape& s, i64 tap, i64 first, i64 rows, i64* at) {
  i64 r = tap / s.kw * s.dilation_h - s.pad_top, t = tap % s.kw * s.dilation_w - s.pad_left;
  for (i64 i = 0; i < rows; ++i) {
    i64 row = first + i, n = row / (s.p * s.q);
    i64 h = row / s.q % s.p * s.stride_h + r, w = row % s.q * s.stride_w + t;
    at[i] = h < 0 || h >= s.h || w < 0 || w >= s.w ? -1 : ((n * s.h + h) * s.w + w) * s.c;
  }
}

// to (panels, rows, 16) of these pixels, zeros where there is none
MELGRAD_SIMD void gather(i64 rows, const i64* at, const float* x, i64 panels, float* to) {
  constexpr i64 ahead = 8;  // rows: the processor does not foresee where they lie
  for (i64 row = 0; row < rows; ++row) {
    const float* pixel = x + std::max<i64>(at[row], 0);
    const float* later = x + std::max<i64>(at[std::min(row + ahead, rows - 1)], 0);
    for (i64 panel = 0; panel < panels; ++panel) {
      Vector16 v;
      __builtin_prefetch(later + panel * lanes);
      load(v, pixel + panel * lanes);
      if (at[row] < 0) v = Vector16{};
      store(v, to + (panel * rows + row) * lanes);
    }
  }
}

// A section's and group's part of the sums.  memory (c · some_rows)  at (some_rows)
void add_up(const Sums& sums, i64 section, i64 group, const float* x, const float* dy,
            float* memory, i64* at, float* parts) {
  const ConvShape& s = sums.s;
  i64 begin = sums.first_row(section), end = sums.first_row(section + 1);
  i64 panel = sums.first_panel(group), panels = sums.first_panel(group + 1) - panel;
  float* part = parts + section * sums.size + panel * s.o * lanes;
  for (i64 first = begin; first < end; first += sums.some_rows) {
    i64 rows = std::min(sums.some_rows, end - first);
    for (i64 tap = 0; tap < sums.taps; ++tap) {
      find_pixels(s, tap, first, rows, at);
      gather(rows, at, x + panel * lanes, panels, memory);
      multiply_transposed(
          {s.o, rows, panels, as_rows(dy + first * s.o, s.o), as_panels<const float>(memory, rows),
           as_panels(part + tap * sums.of_tap, s.o), first > begin},
          best_isa());
    }
  }
}

// dw (o,tap,c) of a tap and panel
MELGRAD_SIMD void store_sum(const Sums& sums, i64 tap, i64 panel, const float* parts, float* dw) {
  const float* part = parts + tap * sums.of_tap + panel * sums.s.o * lanes;
  for (i64 o = 0; o < sums.s.o; ++o) {
    Vector16 sum, other;
    load(sum, part + o * lanes);
    for (i64 section = 1; section < sums.sections; ++section) {
      load(other, part + section * sums.size + o * lanes);
      sum += other;
    }
    store(sum, dw + (o * sums.taps + tap) * sums.s.c + panel * lanes);
  }
}

}  // namespace

bool has_slow_weights(const ConvShape& s) {
  return s.stride_h * s.stride_w > 1 && s.kh * s.kw > 1 && s.groups == 1 && s.c % lanes == 0 &&
         s.o % lanes == 0;
}

void slow_backward_weights(Backend& backend, const ConvShape& s, const float* x, const float* dy,
                           float* dw) {
  Sums sums = {s};
  bool wake = many_products(sums.rows * sums.size) && !omp_in_parallel();
  i64 threads = wake ? num_threads() : 1, share = sums.some_rows * s.c;
  ScratchArray<float> memory(backend, threads * share), parts(backend, sums.sections * sums.size);
  ScratchArray<i64> pixels(backend, threads * sums.some_rows);
#pragma omp parallel num_threads(static_cast <int>(threads)) if (threads > 1)
  {
    float* own = memory.data() + omp_get_thread_num() * share;
    i64* at = pixels.data() + omp_get_thread_num() * sums.some_rows;
#pragma omp for collapse(2) schedule(dynamic)
    for (i64 section = 0; section < sums.sections; ++section)
      for (i64 group = 0; group < sums.groups; ++group)
        add_up(sums, section, group, x, dy, own, at, parts.data());
#pragma omp for collapse(2) schedule(static)
    for (i64 tap = 0; tap < sums.taps; ++tap)
      for (i64 panel = 0; panel < sums.panels; ++panel)
        store_sum(sums, tap, panel, parts.data(), dw);
  }
}

}  // namespace melgrad
