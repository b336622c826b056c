#pragma once
#include <span>

#include "kernels/cpu/fast/panels.h"

/// The transforms of Winograd's convolution, on tiles of NHWC pictures; winograd_matrices.h has the
/// formulas. What they give lies in panels, position by position: (size², channels/16, rows, 16), a
/// row a tile, where a position is one of the size × size numbers that a tile becomes; positions lie
/// position_step(channels/16 · rows) numbers apart. Pictures and weights are f32 or bf16, T; what lies between is f32.
namespace melgrad::winograd {
using namespace panels;

/// How far apart the positions of panels lie that take so many vectors: an odd number of cache lines. Where
/// 36 streams lie a power of two apart, they share one set of the first-level cache, which has place
/// for 8 or 12 lines.
constexpr i64 position_step(i64 vectors) { return (vectors | 1) * lanes; }

/// F(2×2, 3×3), F(4×4, 3×3), F(2×2, 5×5): a tile gives so many outputs, of kernels of such a size.
enum class Method : u8 { f2, f4, f2_5x5 };
constexpr i64 step_of(Method m) { return m == Method::f4 ? 4 : 2; }
constexpr i64 kernel_of(Method m) { return m == Method::f2_5x5 ? 5 : 3; }
constexpr i64 size_of(Method m) { return step_of(m) + kernel_of(m) - 1; }
constexpr i64 positions_of(Method m) { return size_of(m) * size_of(m); }
/// Those for kernels of such a size, none but for 3 and 5; of equals the first is taken.
inline std::span<const Method> methods_for(i64 kernel) {
  static constexpr Method of_3[] = {Method::f4, Method::f2}, of_5[] = {Method::f2_5x5};
  if (kernel == 3) return of_3;
  if (kernel == 5) return of_5;
  return {};
}

/// Pictures (n,h,w,c) that are cut into rows × columns tiles: tile (i,j) begins at pixel (i·step − top,
/// j·step − left). Tiles are counted through all pictures.
struct Tiling {
  i64 n, h, w, c;
  i64 rows, columns, step, top, left;
  i64 count() const { return n * rows * columns; }
};

/// `count` tiles from `first` on; what they become are as many rows of panels that have `rows`. Of the channels some
/// panels, or all.
struct Block {
  i64 first, count, rows;
  i64 panel = 0, panels = i64{1} << 40;
  i64 step(i64 panels_each) const { return position_step(panels_each * rows); }
};

/// v = Bᵀ d B of tiles d of x, size × size pixels: (size², panels, rows, 16), of which v is the first tile's
/// row. Pixels outside and tiles beyond the last are 0.  zeros: c of them
template <class T>
void transform_input(Method, Isa, const Tiling&, const Block&, const T* x, const T* zeros,
                     float* v);

/// v = A dy Aᵀ of tiles of dy, step × step pixels
template <class T>
void transform_gradient(Method, Isa, const Tiling&, const Block&, const T* dy, const T* zeros,
                        float* v);

/// Tiles of y = Aᵀ m A + bias, then max(y, 0) if relu, of y's panels `panel` … panel + panels − 1.
/// m (size², panels, rows, 16)  bias (c) or null  spare (c): is written to instead of pixels outside
template <class T>
struct OutputPanels {
  i64 panel, panels;
  const T* bias;
  bool relu;
  T* spare;
};
template <class T>
void transform_output(Method, Isa, const Tiling&, const Block&, const OutputPanels<T>&,
                      const float* m, T* y);

/// Weights (o,r,r,c), r being the kernel's size, or turned: those with which dy (…, o) is convolved to dx (…, c).
struct Weights {
  i64 o, c;
  bool turned;
  i64 inputs() const { return turned ? o : c; }
  i64 outputs() const { return turned ? c : o; }
};
/// u = G w Gᵀ of the filters that lead from `count` inputs, from `first` on, to a panel of outputs: (size²,
/// count, 16)
struct FilterBlock {
  i64 panel, first, count;
  i64 step() const { return position_step(count); }
};
template <class T>
void transform_weights(Method, Isa, const Weights&, const FilterBlock&, const T* w, float* u);

/// dw = Gᵀ m G of one panel of c, m being the sum of `sections` arrays (size², panels of c, rows, 16) that lie
/// one behind the other.  rows ≥ o  dw (o,r,r,c)
struct GradientSums {
  i64 sections, rows;
};
template <class T>
void transform_weight_gradient(Method, Isa, const Weights&, const GradientSums&, const float* m,
                               i64 panel, T* dw);

}  // namespace melgrad::winograd
