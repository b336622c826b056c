#pragma once
#include <complex>
#include <span>
#include <vector>

namespace melgrad::sim {

/// X[k] = Σ_j x[j] e^(sign · 2πi jk/n)
std::vector<std::complex<double>> fourier_transform(std::span<const std::complex<double>> x,
                                                    int sign);

}  // namespace melgrad::sim
