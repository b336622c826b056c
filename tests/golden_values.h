#pragma once
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"

/// The integer hash that tests/goldens/layers.py and standard_nets.py fill parameters, statistics and
/// inputs with, too.
namespace melgrad {

/// Uniform in [−1, 1): murmur3's finaliser of key · 0x9E3779B1 + i for element i, divided by 2³¹.
inline Tensor hashed(u64 key, const Shape& shape) {
  Tensor values = empty(shape, Dtype::f64);
  auto* value = values.data<double>();
  i64 n = shape.numel();
  for (i64 i = 0; i < n; ++i) {
    auto x = static_cast<std::uint32_t>(key * 0x9E3779B1U + static_cast<u64>(i));
    x = (x ^ (x >> 16U)) * 0x85EBCA6BU;
    x = (x ^ (x >> 13U)) * 0xC2B2AE35U;
    value[i] = static_cast<double>(x ^ (x >> 16U)) / 2147483648.0 - 1;
  }
  return values;
}

/// Parameter k gets hash k: matrices and kernels scaled by √(6 / fan_in), others by .1, a batch
/// norm's weight around 1.
inline void set_hashed(const std::vector<std::pair<std::string, Variable>>& parameters) {
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    auto [name, parameter] = parameters[k];
    Tensor values = hashed(k, parameter.shape());
    if (parameter.rank() >= 2) {
      i64 fan_in = parameter.numel() / parameter.dim(0);
      values.mul_(std::sqrt(6 / static_cast<double>(fan_in)));
    } else {
      values.mul_(.1);
      if (name.ends_with("weight")) values.add_(full({}, 1, Dtype::f64));
    }
    parameter.mutable_data().copy_(values);
  }
}

/// Buffer k gets hash 3000 + k: means within .1 of 0, variances within .5 of 1.
inline void set_hashed_statistics(const std::vector<std::pair<std::string, Tensor>>& buffers) {
  for (std::size_t k = 0; k < buffers.size(); ++k) {
    auto [name, buffer] = buffers[k];
    Tensor values = hashed(3000 + k, buffer.shape());
    if (name.ends_with("running_mean")) buffer.copy_(values.mul_(.1));
    if (name.ends_with("running_var")) buffer.copy_(values.mul_(.5).add_(full({}, 1, Dtype::f64)));
  }
}

/// max |a − b|
inline double largest_difference(const Tensor& a, const Tensor& b) {
  std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  double largest = a.shape() == b.shape() ? 0 : INFINITY;
  for (std::size_t i = 0; i < x.size() && i < y.size(); ++i)
    largest = std::isnan(x[i] - y[i]) ? INFINITY : std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

}  // namespace melgrad
