#pragma once
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/loops/floating.h"

/// What the tests of the CPU's kernels share: arrays that know the dtype they stand for.
namespace melgrad::testing {

inline Backend& cpu() { return backend(Device::cpu()); }

/// n values in [low, high), the same in every run.
template <class T>
std::vector<T> random_values(i64 n, double low = -2, double high = 2, unsigned seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> values(static_cast<std::size_t>(n));
  for (T& value : values) value = from_double<T>(uniform(engine));
  return values;
}

template <class T>
double to_double(T value) {
  if constexpr (std::is_same_v<T, bf16>)
    return static_cast<double>(static_cast<float>(value));
  else
    return static_cast<double>(value);
}

/// What the plain loops of kernels/reference take.
template <class T>
std::vector<double> as_f64(const std::vector<T>& values) {
  std::vector<double> wide;
  for (T value : values) wide.push_back(to_double(value));
  return wide;
}

/// Whether |values − exact| ≤ tolerance (1 + |exact|) everywhere; NaN agrees with NaN only.
template <class T>
void expect_near(const std::vector<T>& values, const std::vector<double>& exact, double tolerance) {
  ASSERT_EQ(values.size(), exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    double value = to_double(values[i]);
    if (std::isnan(exact[i]))
      ASSERT_TRUE(std::isnan(value)) << "element " << i;
    else
      ASSERT_NEAR(value, exact[i], tolerance * (1 + std::fabs(exact[i]))) << "element " << i;
  }
}

/// Whether all bits are equal: NaN equals itself, 0 and −0 differ.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Runs f with 1, 2 and 64 threads and returns the three results.
template <class F>
auto with_1_2_64_threads(F f) {
  int before = num_threads();
  std::vector<decltype(f())> results;
  for (int threads : {1, 2, 64}) {
    set_num_threads(threads);
    results.push_back(f());
  }
  set_num_threads(before);
  return results;
}

}  // namespace melgrad::testing
