#pragma once
#include <functional>

#include "tensor/tensor.h"

/// t-SNE: points of many dimensions drawn in two, so that neighbours stay neighbours. van der Maaten &
/// Hinton 2008, "Visualizing Data using t-SNE", JMLR 9, in the form and with the defaults of
/// scikit-learn's method "exact".
namespace melgrad {

enum class TsneStart : u8 {
  principal_components,  // scaled so that the first deviates by 1e-4
  random,                // normal, deviation 1e-4
};

struct TsneOptions {
  /// How many neighbours a point has, about; at most (n − 1) / 3, where it is lowered to, and at least 1.
  double perplexity = 30;
  i64 iterations = 1000;
  double exaggeration = 12;  // factor of p
  i64 exaggerated = 250;     // in so many of the iterations, the first
  double learning_rate = 0;  // 0: max(n / exaggeration / 4, 50)
  TsneStart start = TsneStart::principal_components;
  /// Of the random start, and of a direction in which principal components do not differ at all.
  u64 seed = 0;
  Device device = {};        // of the descent
  Dtype dtype = Dtype::f32;  // of the descent; f64, on a CPU only, goes through plain loops
  /// Called after each iteration with how many are done; what it throws ends tsne().
  std::function<void(i64)> each = {};
};

struct Tsne {
  Tensor points;          // (n, 2) f32 or f64
  double divergence = 0;  // Σ p log(p/q), without exaggeration
  double perplexity = 0;  // that was used
  i64 iterations = 0;     // fewer than asked for where nothing moves or gets better any more
};

/// points (n, d): n ≥ 1, finite. The same bits for any number of threads. n² floats of memory.
/// Throws Error on other points and on options that make no sense.
Tsne tsne(const Tensor& points, const TsneOptions& options = {});

// --- what it is made of

/// p[i,j] = (p(j|i) + p(i|j)) / Σ of all, at least 2⁻⁵², 0 where i = j, with p(j|i) ∝ exp(−β_i |x_i − x_j|²)
/// and β_i such that the entropy of p(·|i) is log(perplexity), to 1e-5, found by bisection. Equal
/// points have equal shares. points (n, d) -> (n, n) f32 on the CPU.
Tensor tsne_affinities(const Tensor& points, double perplexity);

/// The gradient of Σ p log(p/q), q_ij = w_ij / Σ w, w_ij = 1 / (1 + |y_i − y_j|²), with respect to y
/// (2, n), where p (n, n) counts `exaggeration` times:  4 Σ_j (p − q) w (y_i − y_j)
Tensor tsne_gradient(const Tensor& p, const Tensor& y, double exaggeration = 1);
/// Σ_{i≠j} p log(p/q) itself.
double tsne_divergence(const Tensor& p, const Tensor& y);

}  // namespace melgrad
