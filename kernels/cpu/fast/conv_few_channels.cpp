#include "kernels/cpu/fast/conv_few_channels.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/scratch_array.h"

// The values of x under the kernel, kh·kw·c of them, are the "taps". A tap sees the same row of x for all outputs of a row,
// so each row of dy is a small matrix product,
//
//   dw[tap,o] += Σ_q x_tap[q·stride·c] · dy_row[q,o],
//
// where x_tap points into a row of x that is padded by zeros. Its vectors run along o, and a block of taps × outputs
// stays in registers while q passes.
namespace melgrad {
namespace {

constexpr i64 tap_block = 9, out_block = 32;
constexpr i64 cache_line = 16;  // numbers

i64 round_up(i64 value, i64 block) { return (value + block - 1) / block * block; }

struct Layout {
  const ConvShape& s;
  i64 taps = s.kh * s.kw * s.c, all_taps = round_up(taps, tap_block);
  i64 outputs = round_up(s.o, out_block);
  i64 x_step = s.stride_w * s.c;
  i64 x_row = round_up((s.q - 1) * x_step + s.kw * s.c, cache_line);
  i64 dy_row = s.q * outputs, dw = all_taps * outputs;

  // Where the tap's row begins in kh padded rows; those that fill the last block are like the first.
  i64 offset(i64 tap) const {
    return tap < taps ? tap / (s.kw * s.c) * x_row + tap % (s.kw * s.c) : 0;
  }
};

// dw (all_taps, outputs) += the product of kh rows of x with one row of dy, all padded
[[gnu::always_inline]] inline void add_product(const Layout& l, const float* x, const float* dy,
                                               float* dw) {
  i64 x_step = l.x_step;
  for (i64 tap = 0; tap < l.all_taps; tap += tap_block) {
    const float* x_taps[tap_block];
    for (i64 i = 0; i < tap_block; ++i) x_taps[i] = x + l.offset(tap + i);
    for (i64 o = 0; o < l.outputs; o += out_block) {
      float sums[tap_block][out_block] = {};
      for (i64 q = 0; q < l.s.q; ++q) {
        const float* dy_outputs = dy + q * l.outputs + o;
#pragma GCC unroll 9
        for (i64 i = 0; i < tap_block; ++i)
#pragma omp simd
          for (i64 j = 0; j < out_block; ++j) sums[i][j] += x_taps[i][q * x_step] * dy_outputs[j];
      }
      for (i64 i = 0; i < tap_block; ++i)
        for (i64 j = 0; j < out_block; ++j) dw[(tap + i) * l.outputs + o + j] += sums[i][j];
    }
  }
}

// A row with zeros around it: x's at the padding, dy's after the last output.
template <class T>
void pad_x_row(const Layout& l, const T* x, float* padded) {
  i64 shift = l.s.pad_left * l.s.c, count = std::clamp<i64>(l.x_row - shift, 0, l.s.w * l.s.c);
  std::fill_n(padded, l.x_row, 0.F);
  for (i64 i = 0; i < count; ++i) padded[shift + i] = static_cast<float>(x[i]);
}
template <class T>
void pad_dy_row(const Layout& l, const T* dy, float* padded) {
  i64 pieces = l.s.o == l.outputs ? 1 : l.s.q, count = l.s.q * l.s.o / pieces;
  for (i64 piece = 0; piece < pieces; ++piece)
    for (i64 i = 0; i < count; ++i)
      padded[piece * l.outputs + i] = static_cast<float>(dy[piece * count + i]);
}

// dbias (outputs) += Σ_q dy (q, outputs)
void add_sums(const Layout& l, const float* dy, float* dbias) {
  for (i64 o = 0; o < l.outputs; o += out_block) {
    float sums[out_block] = {};
    for (i64 q = 0; q < l.s.q; ++q)
      for (i64 j = 0; j < out_block; ++j) sums[j] += dy[q * l.outputs + o + j];
    for (i64 j = 0; j < out_block; ++j) dbias[o + j] += sums[j];
  }
}

// dw (all_taps, outputs) and dbias of the rows (n,p) begin … end
template <class T>
MELGRAD_SIMD void add_rows(const Layout& l, const T* x, const T* dy, i64 begin, i64 end,
                           float* x_rows, float* dy_row, float* dw, float* dbias) {
  std::fill_n(dw, l.dw, 0.F);
  std::fill_n(dbias, l.outputs, 0.F);
  std::fill_n(dy_row, l.dy_row, 0.F);
  const ConvShape& s = l.s;
  for (i64 row = begin; row < end; ++row) {
    i64 n = row / s.p, p = row % s.p;
    pad_dy_row(l, dy + row * s.q * s.o, dy_row);
    add_sums(l, dy_row, dbias);
    for (i64 r = 0; r < s.kh; ++r) {
      i64 h = p * s.stride_h - s.pad_top + r * s.dilation_h;
      float* x_row = x_rows + r * l.x_row;
      if (h < 0 || h >= s.h)
        std::fill_n(x_row, l.x_row, 0.F);
      else
        pad_x_row(l, x + (n * s.h + h) * s.w * s.c, x_row);
    }
    add_product(l, x_rows, dy_row, dw);
  }
}

}  // namespace

bool has_few_channels(const ConvShape& s, Dtype dtype) {
  bool fast_elsewhere = dtype == Dtype::bf16 && onednn::multiplies_bf16() && s.kh * s.kw > 25;
  return s.c <= 4 && s.groups == 1 && s.dilation_w == 1 && !fast_elsewhere;
}

template <class T>
void few_channels_backward_weights(Backend& backend, const ConvShape& s, const T* x, const T* dy,
                                   T* dw, T* dbias) {
  Layout l = {s};
  i64 rows = s.n * s.p, products = rows * s.q * s.o * l.taps;
  i64 threads = many_products(products) && !omp_in_parallel() ? num_threads() : 1;
  // A thread's own memory, to the cache line: where two threads write to one, each waits for the other.
  i64 share = round_up(l.dw + l.outputs + s.kh * l.x_row + l.dy_row, cache_line);
  ScratchArray<float> memory(backend, threads * share);
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads))
  for (i64 thread = 0; thread < threads; ++thread) {
    float* own_dw = memory.data() + thread * share;
    float* own_dbias = own_dw + l.dw;
    float* x_rows = own_dbias + l.outputs;
    add_rows(l, x, dy, rows * thread / threads, rows * (thread + 1) / threads, x_rows,
             x_rows + s.kh * l.x_row, own_dw, own_dbias);
  }
  auto sum_of_threads = [&](i64 place) {
    float sum = 0;
    for (i64 thread = 0; thread < threads; ++thread) sum += memory[thread * share + place];
    return static_cast<T>(sum);
  };
  for (i64 o = 0; o < s.o; ++o) {
    for (i64 tap = 0; tap < l.taps; ++tap)
      dw[o * l.taps + tap] = sum_of_threads(tap * l.outputs + o);
    if (dbias) dbias[o] = sum_of_threads(l.dw + o);
  }
}

template void few_channels_backward_weights(Backend&, const ConvShape&, const float*, const float*,
                                            float*, float*);
template void few_channels_backward_weights(Backend&, const ConvShape&, const bf16*, const bf16*,
                                            bf16*, bf16*);

}  // namespace melgrad
