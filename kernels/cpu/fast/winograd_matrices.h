#pragma once
#include "kernels/cpu/fast/panels.h"

// Winograd's convolution (Lavin & Gray 2015, arXiv 1509.09308), F(m×m, r×r): m × m outputs y of a tile d of
// (m+r−1) × (m+r−1) inputs and a filter g of r × r are
//
//   y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A,
//
// and of it follow, ∘ being the product number by number, the gradients
//
//   dg = Gᵀ [(Bᵀ d B) ∘ (A dy Aᵀ)] G,   dd: the same convolution of dy with g turned by 180°.
//
// Along one axis: the product of polynomials g(x) y(x) is known from its values at m + r − 1 points (the last
// one is ∞, where a polynomial's value is its first coefficient). G and A evaluate, and B interpolates, so
// with the points x_i and M(x) = Π (x − x_i):
//
//   row i of G   (1, x_i, … x_i^(r−1)) / Π_{j≠i} (x_i − x_j)   (0, … 0, 1) at ∞
//   row i of A   (1, x_i, … x_i^(m−1))                         (0, … 0, 1) at ∞
//   row i of Bᵀ  the coefficients of M(x) / (x − x_i)          those of M at ∞
//
// Only the number of points is in B: six are F(4×4, 3×3) and F(2×2, 5×5), whose filter has two numbers more
// and whose outputs are two fewer. They are 0, ±a, ±b, ∞ with a = 3/4, b = 3/2. Lavin & Gray have 1 and 2;
// with these the errors are smaller, as Bᵀ and Aᵀ have no numbers far from 1, and every number of theirs is
// exact in f32 (Barabasz et al. 2018, arXiv 1803.10986, on the choice of points). Four are F(2×2, 3×3): 0, ±1, ∞.
//
// With ± pairs, even and odd powers are summed once for both points. Below, x is along one axis.
namespace melgrad::winograd {
using namespace panels;
// --- six points: F(4×4, 3×3) and F(2×2, 5×5) ---------------------------------------------------------------

inline constexpr float a = .75F, b = 1.5F;
inline constexpr float a2 = a * a, a3 = a2 * a, a4 = a2 * a2;
inline constexpr float b2 = b * b, b3 = b2 * b, b4 = b2 * b2;

// What rows of A and of G are multiplied with: at 0, ±a, ±b; at ∞ with 1
struct FactorsA {
  static constexpr float at_0 = 1, at_a = 1, at_b = 1;
};
struct FactorsG {
  static constexpr float at_0 = 1 / (a2 * b2), at_a = 1 / (2 * a2 * (a2 - b2)),
                         at_b = 1 / (2 * b2 * (b2 - a2));
};

// factor · x(p) and factor · x(−p) of a polynomial with coefficients x
template <class V, int count>
MELGRAD_INLINE void evaluate(const V (&x)[count], float p, float factor, V& plus, V& minus) {
  float p2 = p * p;
  V even = x[0];
  if constexpr (count > 2) even += p2 * x[2];
  if constexpr (count > 4) even += p2 * p2 * x[4];
  even = factor * even;
  V odd = factor * p * x[1];
  if constexpr (count > 3) odd += factor * (p2 * p) * x[3];
  plus = even + odd;
  minus = even - odd;
}

struct Input6 {  // Bᵀ
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
// The values of a polynomial with coefficients x
template <int coefficients, class Factors>
struct Values6 {
  static constexpr int in = coefficients, out = 6;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = Factors::at_0 * x[0];
    evaluate(x, a, Factors::at_a, y[1], y[2]);
    evaluate(x, b, Factors::at_b, y[3], y[4]);
    y[5] = x[in - 1];
  }
};
// The transposed matrix
template <int coefficients, class Factors>
struct Sums6 {
  static constexpr int in = 6, out = coefficients;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    constexpr float at_a = Factors::at_a, at_b = Factors::at_b;
    V even_a = at_a * (x[1] + x[2]), odd_a = x[1] - x[2];
    V even_b = at_b * (x[3] + x[4]), odd_b = x[3] - x[4];
    y[0] = Factors::at_0 * x[0] + even_a + even_b;
    y[1] = at_a * a * odd_a + at_b * b * odd_b;
    if constexpr (out > 2) y[2] = a2 * even_a + b2 * even_b;
    if constexpr (out > 3) y[3] = at_a * a3 * odd_a + at_b * b3 * odd_b;
    if constexpr (out > 4) y[4] = a4 * even_a + b4 * even_b;
    y[out - 1] += x[5];
  }
};
template <int m>
using Output6 = Sums6<m, FactorsA>;  // Aᵀ
template <int m>
using Gradient6 = Values6<m, FactorsA>;  // A
template <int r>
using Weights6 = Values6<r, FactorsG>;  // G
template <int r>
using WeightGradient6 = Sums6<r, FactorsG>;  // Gᵀ

// --- four points: F(2×2, 3×3); the first rows of G and Bᵀ both have the other sign ---------------------------
struct Input4 {
  static constexpr int in = 4, out = 4;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0] - x[2];
    y[1] = x[2] + x[1];
    y[2] = x[2] - x[1];
    y[3] = x[3] - x[1];
  }
};
struct Output4 {
  static constexpr int in = 4, out = 2;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0] + x[1] + x[2];
    y[1] = x[1] - x[2] + x[3];
  }
};
struct Gradient4 {
  static constexpr int in = 2, out = 4;
  template <class V>
  MELGRAD_INLINE static void apply(const V (&x)[in], V (&y)[out]) {
    y[0] = x[0];
    y[1] = x[0] + x[1];
    y[2] = x[0] - x[1];
    y[3] = x[1];
  }
};
struct Weights4 {
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
struct WeightGradient4 {
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
