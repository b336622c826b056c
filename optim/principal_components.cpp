#include "optim/principal_components.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/ops.h"

namespace melgrad {
namespace {

// A symmetric matrix on its way to a diagonal one: a = v · matrix · vᵀ.
struct Jacobi {
  i64 d;
  Tensor a_, v_;  // (d, d) f64
  double& a(i64 i, i64 j) { return a_.data<double>()[i * d + j]; }
  double& v(i64 i, i64 j) { return v_.data<double>()[i * d + j]; }

  explicit Jacobi(const Tensor& matrix)
      : d(matrix.dim(0)), a_(matrix.contiguous().clone()), v_(zeros({d, d}, Dtype::f64)) {
    for (i64 i = 0; i < d; ++i) v(i, i) = 1;
  }

  // The rotation in the plane of axes p and q after which a[p,q] = 0.
  void rotate(i64 p, i64 q) {
    double apart = (a(q, q) - a(p, p)) / (2 * a(p, q));
    double tangent = (apart >= 0 ? 1 : -1) / (std::abs(apart) + std::hypot(apart, 1));
    double c = 1 / std::hypot(tangent, 1), s = tangent * c;
    auto turn = [&](double& x, double& y) {
      double before = x;
      x = c * before - s * y;
      y = s * before + c * y;
    };
    for (i64 k = 0; k < d; ++k) turn(a(k, p), a(k, q));
    for (i64 k = 0; k < d; ++k) turn(a(p, k), a(q, k));
    for (i64 k = 0; k < d; ++k) turn(v(p, k), v(q, k));
    a(p, q) = a(q, p) = 0;
  }

  void run() {
    constexpr int sweeps = 60;  // some ten are needed
    double scale = sum(square(a_)).item();
    for (int sweep = 0; sweep < sweeps; ++sweep) {
      double off = 0;
      for (i64 p = 0; p < d; ++p)
        for (i64 q = p + 1; q < d; ++q) off += a(p, q) * a(p, q);
      if (off <= 1e-32 * scale) return;
      for (i64 p = 0; p < d; ++p)
        for (i64 q = p + 1; q < d; ++q)
          if (a(p, q) != 0) rotate(p, q);
    }
  }
};

// The entry of largest absolute value is positive.
void set_sign(double* vector, i64 d) {
  auto less = [](double a, double b) { return std::abs(a) < std::abs(b); };
  if (*std::max_element(vector, vector + d, less) >= 0) return;
  for (i64 i = 0; i < d; ++i) vector[i] = -vector[i];
}

}  // namespace

Eigen symmetric_eigen(const Tensor& matrix) {
  check(matrix.rank() == 2 && matrix.dim(0) == matrix.dim(1) && matrix.dtype() == Dtype::f64,
        "symmetric_eigen", "needs a matrix (d, d) f64: {}", matrix);
  Jacobi jacobi(matrix);
  jacobi.run();
  std::vector<i64> order(static_cast<std::size_t>(jacobi.d));
  std::iota(order.begin(), order.end(), i64{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](i64 i, i64 j) { return jacobi.a(i, i) > jacobi.a(j, j); });
  Eigen eigen{empty({jacobi.d}, Dtype::f64),
              index_select(jacobi.v_, 0, from_vector(order)).contiguous()};
  for (i64 i = 0; i < jacobi.d; ++i) {
    i64 at = order[static_cast<std::size_t>(i)];
    eigen.values.data<double>()[i] = jacobi.a(at, at);
    set_sign(eigen.vectors.data<double>() + i * jacobi.d, jacobi.d);
  }
  return eigen;
}

PrincipalComponents principal_components(const Tensor& points, i64 count) {
  check(points.rank() == 2 && points.numel() > 0, "principal_components", "needs points (n, d): {}",
        points);
  Tensor x = points.to(Dtype::f64);
  x = x - mean(x, {0}, true);
  auto [values, vectors] =
      symmetric_eigen(matmul(x.transpose(0, 1), x) / static_cast<double>(x.dim(0)));
  i64 there = std::min(count, x.dim(1));
  Tensor scores = matmul(x, vectors.slice(0, 0, there).transpose(0, 1));
  return {pad(scores, {0, 0}, {0, count - there}),
          pad(values.slice(0, 0, there), {0}, {count - there})};
}

}  // namespace melgrad
