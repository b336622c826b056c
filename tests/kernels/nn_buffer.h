#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/backend.h"

namespace melgrad::nn_test {

using Values = std::vector<double>;

/// An array of any floating dtype on the CPU, seen from outside as f64.
class Buffer {
 public:
  /// Holds NaN, so that an element that nobody writes is noticed.
  Buffer(Dtype dtype, i64 n)
      : Buffer(dtype,
               Values(static_cast<std::size_t>(n), std::numeric_limits<double>::quiet_NaN())) {}
  Buffer(Dtype dtype, const Values& values)
      : dtype_(dtype), size_(static_cast<i64>(values.size())), words_(values.size() + 1) {
    convert(Dtype::f64, values.data(), dtype, words_.data());
  }

  void* data() { return words_.data(); }
  Values values() const {
    Values result(static_cast<std::size_t>(size_));
    convert(dtype_, words_.data(), Dtype::f64, result.data());
    return result;
  }

 private:
  void convert(Dtype from, const void* source, Dtype to, void* target) const {
    CopyShape dense = {.rank = 1, .size = {size_}, .source_stride = {1}, .target_stride = {1}};
    backend(Device::cpu()).copy(dense, from, source, to, target);
  }

  Dtype dtype_;
  i64 size_;
  std::vector<double> words_;  // large enough for each dtype
};

/// Uniform in [−1, 1), and such that bf16 holds them exactly.
inline Values random_values(i64 n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> steps(-128, 127);
  Values values(static_cast<std::size_t>(n));
  for (double& value : values) value = steps(generator) / 128.0;
  return values;
}

/// The largest |a − b|, in units of the largest |b| (or 1, where that is smaller).
inline double distance(const Values& a, const Values& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0, scale = 1;
  for (std::size_t i = 0; i < b.size(); ++i) {
    double difference = std::isnan(a[i]) && std::isnan(b[i]) ? 0 : std::fabs(a[i] - b[i]);
    worst = difference <= worst ? worst : difference;  // a NaN becomes the worst and stays
    scale = std::fmax(scale, std::fabs(b[i]));
  }
  return worst / scale;
}

inline double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The gradient of f at x by central differences.
template <class F>
Values numeric_gradient(F f, Values x, double step = 1e-5) {
  Values gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    double before = x[i];
    x[i] = before + step;
    double above = f(x);
    x[i] = before - step;
    double below = f(x);
    x[i] = before;
    gradient[i] = (above - below) / (2 * step);
  }
  return gradient;
}

}  // namespace melgrad::nn_test
