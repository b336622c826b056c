#pragma once
#include "tensor/tensor.h"

namespace melgrad {

/// Eigenvalues of a symmetric matrix (d, d) f64, from the largest to the smallest, and in the rows of
/// `vectors` their eigenvectors, of length 1 and with the largest entry positive. By Jacobi's
/// rotations (Golub & Van Loan 2013, "Matrix Computations", 8.5): exact to rounding, d³ a sweep, so for
/// some hundred dimensions.
struct Eigen {
  Tensor values, vectors;  // (d), (d, d) f64
};
Eigen symmetric_eigen(const Tensor& matrix);

/// Points (n, d) in the directions of their `count` largest variances: scores (n, count), variances
/// (count), f64; 0 beyond the d-th. Signs are scikit-learn's (svd_flip by components).
struct PrincipalComponents {
  Tensor scores, variances;
};
PrincipalComponents principal_components(const Tensor& points, i64 count);

}  // namespace melgrad
