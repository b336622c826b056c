#pragma once
#include "kernels/cpu/fast/winograd_vectors.h"

// Winograd's convolution (Lavin & Gray 2015, arXiv 1509.09308), F(m×m, 3×3): m × m outputs y of a tile d
// of (m+2) × (m+2) inputs and a filter g are
//
//   y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A,
//
// and of it follow, ∘ being the product number by number, the gradients
//
//   dg = Gᵀ [(Bᵀ d B) ∘ (A dy Aᵀ)] G,   dd: the same convolution of dy with g turned by 180°.
//
// Along one axis: the product of polynomials g(x) y(x) is known from its values at m + 2 points (the last
// one is ∞, where a polynomial's value is its first coefficient). G and A evaluate, and B interpolates, so
// with the points x_i and M(x) = Π (x − x_i):
//
//   row i of G   (1, x_i, x_i²) / Π_{j≠i} (x_i − x_j)         (0, 0, 1) at ∞
//   row i of A   (1, x_i, … x_i^(m−1))                        (0, … 0, 1) at ∞
//   row i of Bᵀ  the coefficients of M(x) / (x − x_i)         those of M at ∞
//
// F(4×4): 0, ±a, ±b, ∞ with a = 3/4, b = 3/2. Lavin & Gray have 1 and 2; with these the errors are
// smaller, as Bᵀ and Aᵀ have no numbers far from 1, and every number of theirs is exact in f32
// (Barabasz et al. 2018, arXiv 1803.10986, on the choice of points). F(2×2): 0, ±1, ∞.
//
// With ± pairs, even and odd powers are summed once for both points. Below, x is along one axis.
namespace melgrad::winograd {
// F(4×4)
inline constexpr float a = .75F, b = 1.5F;
inline constexpr float a2 = a * a, a3 = a2 * a, b2 = b * b, b3 = b2 * b;
inline constexpr float g0 = 1 / (a2 * b2), ga = 1 / (2 * a2 * (a2 - b2)),
                       gb = 1 / (2 * b2 * (b2 - a2));

struct Input4 {  // Bᵀ
  static constexpr int in = 6, out = 6;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = a2 * b2 * x[0] - (a2 + b2) * x[2] + x[4];
    V even = x[4] - b2 * x[2], odd = a * x[3] - a * b2 * x[1];
    y[1] = even + odd;
    y[2] = even - odd;
    even = x[4] - a2 * x[2], odd = b * x[3] - b * a2 * x[1];
    y[3] = even + odd;
    y[4] = even - odd;
    y[5] = a2 * b2 * x[1] - (a2 + b2) * x[3] + x[5];
  }
};
struct Output4 {  // Aᵀ
  static constexpr int in = 6, out = 4;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    V even_a = x[1] + x[2], odd_a = x[1] - x[2], even_b = x[3] + x[4], odd_b = x[3] - x[4];
    y[0] = x[0] + even_a + even_b;
    y[1] = a * odd_a + b * odd_b;
    y[2] = a2 * even_a + b2 * even_b;
    y[3] = a3 * odd_a + b3 * odd_b + x[5];
  }
};
struct Gradient4 {  // A
  static constexpr int in = 4, out = 6;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0];
    V even = x[0] + a2 * x[2], odd = a * x[1] + a3 * x[3];
    y[1] = even + odd;
    y[2] = even - odd;
    even = x[0] + b2 * x[2], odd = b * x[1] + b3 * x[3];
    y[3] = even + odd;
    y[4] = even - odd;
    y[5] = x[3];
  }
};
struct Weights4 {  // G
  static constexpr int in = 3, out = 6;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = g0 * x[0];
    V even = ga * (x[0] + a2 * x[2]), odd = ga * a * x[1];
    y[1] = even + odd;
    y[2] = even - odd;
    even = gb * (x[0] + b2 * x[2]), odd = gb * b * x[1];
    y[3] = even + odd;
    y[4] = even - odd;
    y[5] = x[2];
  }
};
struct WeightGradient4 {  // Gᵀ
  static constexpr int in = 6, out = 3;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    V even_a = ga * (x[1] + x[2]), odd_a = ga * a * (x[1] - x[2]);
    V even_b = gb * (x[3] + x[4]), odd_b = gb * b * (x[3] - x[4]);
    y[0] = g0 * x[0] + even_a + even_b;
    y[1] = odd_a + odd_b;
    y[2] = a2 * even_a + b2 * even_b + x[5];
  }
};

// F(2×2): the first rows of G and Bᵀ both with the other sign
struct Input2 {
  static constexpr int in = 4, out = 4;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0] - x[2];
    y[1] = x[2] + x[1];
    y[2] = x[2] - x[1];
    y[3] = x[3] - x[1];
  }
};
struct Output2 {
  static constexpr int in = 4, out = 2;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0] + x[1] + x[2];
    y[1] = x[1] - x[2] + x[3];
  }
};
struct Gradient2 {
  static constexpr int in = 2, out = 4;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0];
    y[1] = x[0] + x[1];
    y[2] = x[0] - x[1];
    y[3] = x[1];
  }
};
struct Weights2 {
  static constexpr int in = 3, out = 4;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0];
    V even = .5F * (x[0] + x[2]), odd = .5F * x[1];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = x[2];
  }
};
struct WeightGradient2 {
  static constexpr int in = 4, out = 3;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    V even = .5F * (x[1] + x[2]);
    y[0] = x[0] + even;
    y[1] = .5F * (x[1] - x[2]);
    y[2] = even + x[3];
  }
};

}  // namespace melgrad::winograd
