#include "kernels/cpu/fast/winograd_transforms.h"

#include <algorithm>

#include "kernels/cpu/fast/winograd_matrices.h"
#include "kernels/cpu/loops/simd.h"

// The matrices of winograd_matrices.h, applied along both axes of tiles and filters, a vector of channels at a time.
namespace melgrad::winograd {
namespace {

// y = T x Tᵀ: T along columns, then along rows. load(v, i, j) and store(v, i, j) are x and y.
template <class Transform, class Vector, class Load, class Store>
MELGRAD_INLINE void both_axes(Load load_x, Store store_y) {
  constexpr int in = Transform::in, out = Transform::out;
  Vector half[out][in];
#pragma GCC unroll 6
  for (int j = 0; j < in; ++j) {
    Vector x[in], y[out];
#pragma GCC unroll 6
    for (int i = 0; i < in; ++i) load_x(x[i], i, j);
    Transform::apply(x, y);
#pragma GCC unroll 6
    for (int i = 0; i < out; ++i) half[i][j] = y[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < out; ++i) {
    Vector y[out];
    Transform::apply(half[i], y);
#pragma GCC unroll 6
    for (int j = 0; j < out; ++j) store_y(y[j], i, j);
  }
}

// --- tiles of pictures -------------------------------------------------------------------------

// Where the size × size pixels of a tile lie; `outside` stands for those that no picture has.
template <int size, class Pixel>
MELGRAD_INLINE void find_pixels(const Tiling& t, Pixel* x, Pixel* outside, i64 tile,
                                Pixel* (&pixels)[size][size]) {
  i64 n = tile / (t.rows * t.columns), in_picture = tile % (t.rows * t.columns);
  i64 top = in_picture / t.columns * t.step - t.top,
      left = in_picture % t.columns * t.step - t.left;
  for (i64 i = 0; i < size; ++i)
    for (i64 j = 0; j < size; ++j) {
      i64 h = top + i, w = left + j;
      bool inside = n < t.n && h >= 0 && h < t.h && w >= 0 && w < t.w;
      pixels[i][j] = inside ? x + ((n * t.h + h) * t.w + w) * t.c : outside;
    }
}

// v (…, 16), positions `position` numbers apart, of the 16 channels from `channel` on
template <class Set, class Transform, int size, class T>
MELGRAD_INLINE void transform_panel(const T* const (&pixels)[size][size], i64 channel, i64 position,
                                    float* v) {
  for (i64 l = 0; l < lanes; l += Set::width)
    both_axes<Transform, typename Set::Vector>(
        [&](auto& value, int i, int j) { load(value, pixels[i][j] + channel + l); },
        [&](const auto& value, int i, int j) {
          store(value, v + (i * Transform::out + j) * position + l);
        });
}

template <class Set, class Transform, class T>
MELGRAD_INLINE void transform_tiles(const Tiling& t, const Block& block, const T* x, const T* zeros,
                                    float* v) {
  constexpr int size = Transform::in;
  i64 end = std::min(block.panel + block.panels, panels_of(t.c));
  i64 position = block.step(end - block.panel), whole = std::min(t.c / lanes, end);
  i64 rest = end > whole ? t.c % lanes : 0;
  for (i64 tile = 0; tile < block.count; ++tile) {
    const T* pixels[size][size];
    find_pixels(t, x, zeros, block.first + tile, pixels);
    float* to = v + tile * lanes;
    for (i64 panel = block.panel; panel < whole; ++panel, to += block.rows * lanes)
      transform_panel<Set, Transform>(pixels, panel * lanes, position, to);
    if (rest == 0) continue;
    T last[size][size][lanes] = {};
    for (i64 i = 0; i < size; ++i)
      for (i64 j = 0; j < size; ++j) {
        std::copy_n(pixels[i][j] + whole * lanes, rest, last[i][j]);
        pixels[i][j] = last[i][j];
      }
    transform_panel<Set, Transform>(pixels, 0, position, to);
  }
}

template <class Set, class Transform, class T>
MELGRAD_INLINE void transform_outputs(const Tiling& t, const Block& block, const OutputPanels<T>& o,
                                      const float* m, T* y) {
  constexpr int size = Transform::out;
  using Vector = typename Set::Vector;
  i64 position = block.step(o.panels);
  for (i64 tile = 0; tile < block.count; ++tile) {
    T* pixels[size][size];
    find_pixels(t, y, o.spare, block.first + tile, pixels);
    for (i64 panel = 0; panel < o.panels; ++panel) {
      const float* from = m + (panel * block.rows + tile) * lanes;
      for (i64 l = 0; l < lanes; l += Set::width) {
        i64 channel = (o.panel + panel) * lanes + l,
            channels = std::min<i64>(Set::width, t.c - channel);
        Vector bias = {};
        if (o.bias) load_some(bias, o.bias + channel, channels);
        both_axes<Transform, Vector>(
            [&](auto& value, int i, int j) {
              load(value, from + (i * Transform::in + j) * position + l);
            },
            [&](const auto& value, int i, int j) {
              Vector sum = value + bias;
              if (o.relu) sum = sum < 0 ? Vector{} : sum;  // NaN stays
              store_some(sum, pixels[i][j] + channel, channels);
            });
      }
    }
  }
}

// --- weights -----------------------------------------------------------------------------------

// to[j·to_step + i] = from[i·from_step + j], i, j < 4
template <class T>
MELGRAD_INLINE void transpose_4x4(const T* from, i64 from_step, float* to, i64 to_step) {
  Vector4 x0, x1, x2, x3;
  load(x0, from);
  load(x1, from + from_step);
  load(x2, from + 2 * from_step);
  load(x3, from + 3 * from_step);
  Vector4 low0 = __builtin_shufflevector(x0, x1, 0, 4, 1, 5);
  Vector4 high0 = __builtin_shufflevector(x0, x1, 2, 6, 3, 7);
  Vector4 low2 = __builtin_shufflevector(x2, x3, 0, 4, 1, 5);
  Vector4 high2 = __builtin_shufflevector(x2, x3, 2, 6, 3, 7);
  store(__builtin_shufflevector(low0, low2, 0, 1, 4, 5), to);
  store(__builtin_shufflevector(low0, low2, 2, 3, 6, 7), to + to_step);
  store(__builtin_shufflevector(high0, high2, 0, 1, 4, 5), to + 2 * to_step);
  store(__builtin_shufflevector(high0, high2, 2, 3, 6, 7), to + 3 * to_step);
}

template <int kernel>
using Taps = float[kernel * kernel][lanes][lanes];  // (tap, input, output)

// The filters from 16 inputs to a panel of outputs, 0 where there are none. w has one behind the other along c.
template <int kernel, class T>
MELGRAD_INLINE void gather_taps(const Weights& s, const T* w, i64 o, i64 c, Taps<kernel>& taps) {
  constexpr i64 count = kernel * kernel;
  i64 o_count = std::min(lanes, s.o - o), c_count = std::min(lanes, s.c - c);
  bool whole = o_count == lanes && c_count == lanes;
  if (!whole) std::fill_n(taps[0][0], count * lanes * lanes, 0.F);
  for (i64 tap = 0; tap < count; ++tap) {
    const T* from = w + (o * count + tap) * s.c + c;
    i64 step = count * s.c;
    if (s.turned) {
      for (i64 i = 0; i < o_count; ++i)
        for (i64 j = 0; j < c_count; ++j)
          taps[count - 1 - tap][i][j] = static_cast<float>(from[i * step + j]);
    } else if (whole) {
      for (i64 i = 0; i < lanes; i += 4)
        for (i64 j = 0; j < lanes; j += 4)
          transpose_4x4(from + i * step + j, step, &taps[tap][j][i], lanes);
    } else {
      for (i64 i = 0; i < o_count; ++i)
        for (i64 j = 0; j < c_count; ++j) taps[tap][j][i] = static_cast<float>(from[i * step + j]);
    }
  }
}

template <class Set, class Transform, class T>
MELGRAD_INLINE void transform_filters(const Weights& s, const FilterBlock& block, const T* w,
                                      float* u) {
  constexpr int kernel = Transform::in;
  i64 position = block.step(), output = block.panel * lanes;
  alignas(64) Taps<kernel> taps;
  for (i64 at = 0; at < block.count; at += lanes) {
    i64 input = block.first + at;
    gather_taps<kernel>(s, w, s.turned ? input : output, s.turned ? output : input, taps);
    for (i64 i = 0; i < std::min(lanes, block.count - at); ++i)
      for (i64 l = 0; l < lanes; l += Set::width)
        both_axes<Transform, typename Set::Vector>(
            [&](auto& value, int r, int t) { load(value, taps[r * kernel + t][i] + l); },
            [&](const auto& value, int r, int t) {
              store(value, u + (r * Transform::out + t) * position + (at + i) * lanes + l);
            });
  }
}

template <class Set, class Transform, class T>
MELGRAD_INLINE void transform_filter_gradients(const Weights& s, const GradientSums& sums,
                                               const float* m, i64 panel, T* dw) {
  constexpr int kernel = Transform::out;
  i64 position = position_step(panels_of(s.c) * sums.rows);
  i64 section = Transform::in * Transform::in * position;
  for (i64 o = 0; o < s.o; ++o)
    for (i64 l = 0; l < lanes; l += Set::width) {
      i64 channel = panel * lanes + l, channels = std::min<i64>(Set::width, s.c - channel);
      const float* from = m + (panel * sums.rows + o) * lanes + l;
      both_axes<Transform, typename Set::Vector>(
          [&](auto& value, int i, int j) {
            const float* at = from + (i * Transform::in + j) * position;
            load(value, at);
            for (i64 k = 1; k < sums.sections; ++k) {
              typename Set::Vector other;
              load(other, at + k * section);
              value += other;
            }
          },
          [&](const auto& value, int r, int t) {
            store_some(value, dw + ((o * kernel + r) * kernel + t) * s.c + channel, channels);
          });
    }
}

// --- one function an instruction set, with all that it calls inlined ------------------------------

template <class F, class... Arguments>
MELGRAD_AVX512 void run_avx512(const Arguments&... arguments) {
  F::template run<Avx512>(arguments...);
}
template <class F, class... Arguments>
MELGRAD_AVX2 void run_avx2(const Arguments&... arguments) {
  F::template run<Avx2>(arguments...);
}

template <class F, class... Arguments>
void dispatch(Isa isa, const Arguments&... arguments) {
  if (isa == Isa::avx512) return run_avx512<F>(arguments...);
  if (isa == Isa::avx2) return run_avx2<F>(arguments...);
  F::template run<Plain>(arguments...);
}

template <class Transform>
struct Tiles {
  template <class Set, class T>
  MELGRAD_INLINE static void run(const Tiling& t, const Block& block, const T* x, const T* zeros,
                                 float* v) {
    transform_tiles<Set, Transform>(t, block, x, zeros, v);
  }
};
template <class Transform>
struct Outputs {
  template <class Set, class T>
  MELGRAD_INLINE static void run(const Tiling& t, const Block& block, const OutputPanels<T>& o,
                                 const float* m, T* y) {
    transform_outputs<Set, Transform>(t, block, o, m, y);
  }
};
template <class Transform>
struct Filters {
  template <class Set, class T>
  MELGRAD_INLINE static void run(const Weights& s, const FilterBlock& block, const T* w, float* u) {
    transform_filters<Set, Transform>(s, block, w, u);
  }
};
template <class Transform>
struct FilterGradients {
  template <class Set, class T>
  MELGRAD_INLINE static void run(const Weights& s, const GradientSums& sums, const float* m,
                                 i64 panel, T* dw) {
    transform_filter_gradients<Set, Transform>(s, sums, m, panel, dw);
  }
};

template <class F2, class F4, class F2_5x5, class... Arguments>
void dispatch(Method method, Isa isa, const Arguments&... arguments) {
  switch (method) {
    case Method::f2: return dispatch<F2>(isa, arguments...);
    case Method::f4: return dispatch<F4>(isa, arguments...);
    case Method::f2_5x5: return dispatch<F2_5x5>(isa, arguments...);
  }
}

}  // namespace

template <class T>
void transform_input(Method method, Isa isa, const Tiling& t, const Block& block, const T* x,
                     const T* zeros, float* v) {
  dispatch<Tiles<Input4>, Tiles<Input6>, Tiles<Input6>>(method, isa, t, block, x, zeros, v);
}
template <class T>
void transform_gradient(Method method, Isa isa, const Tiling& t, const Block& block, const T* dy,
                        const T* zeros, float* v) {
  dispatch<Tiles<Gradient4>, Tiles<Gradient6<4>>, Tiles<Gradient6<2>>>(method, isa, t, block, dy,
                                                                       zeros, v);
}
template <class T>
void transform_output(Method method, Isa isa, const Tiling& t, const Block& block,
                      const OutputPanels<T>& o, const float* m, T* y) {
  dispatch<Outputs<Output4>, Outputs<Output6<4>>, Outputs<Output6<2>>>(method, isa, t, block, o, m,
                                                                       y);
}
template <class T>
void transform_weights(Method method, Isa isa, const Weights& s, const FilterBlock& block,
                       const T* w, float* u) {
  dispatch<Filters<Weights4>, Filters<Weights6<3>>, Filters<Weights6<5>>>(method, isa, s, block, w,
                                                                          u);
}
template <class T>
void transform_weight_gradient(Method method, Isa isa, const Weights& s, const GradientSums& sums,
                               const float* m, i64 panel, T* dw) {
  dispatch<FilterGradients<WeightGradient4>, FilterGradients<WeightGradient6<3>>,
           FilterGradients<WeightGradient6<5>>>(method, isa, s, sums, m, panel, dw);
}

// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
#define MELGRAD_FOR(T)                                                                             \
  template void transform_input(Method, Isa, const Tiling&, const Block&, const T*, const T*,      \
                                float*);                                                           \
  template void transform_gradient(Method, Isa, const Tiling&, const Block&, const T*, const T*,   \
                                   float*);                                                        \
  template void transform_output(Method, Isa, const Tiling&, const Block&, const OutputPanels<T>&, \
                                 const float*, T*);                                                \
  template void transform_weights(Method, Isa, const Weights&, const FilterBlock&, const T*,       \
                                  float*);                                                         \
  template void transform_weight_gradient(Method, Isa, const Weights&, const GradientSums&,        \
                                          const float*, i64, T*);
MELGRAD_FOR(float)
MELGRAD_FOR(bf16)
#undef MELGRAD_FOR
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace melgrad::winograd
