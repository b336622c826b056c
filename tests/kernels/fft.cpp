// The transforms of kernels/cpu/fft.cpp against the sums of kernels/reference/fft.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/reference/reference.h"

namespace melgrad {
namespace {

template <class T>
std::vector<T> noise(i64 n, u64 seed) {
  std::vector<T> values;
  for (i64 i = 0; i < n; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    values.push_back(static_cast<T>(static_cast<double>(seed >> 11U) * 0x1p-52 - 1));
  }
  return values;
}

template <class T>
std::vector<double> f64_of(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

template <class T>
void expect_close(const std::vector<double>& expected, const std::vector<T>& actual, double bound) {
  double largest = 0, scale = 0;
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i] - static_cast<double>(actual[i])));
    scale = std::max(scale, std::abs(expected[i]));
  }
  EXPECT_LE(largest, bound * scale);
}

/// Powers of two, mixed radices, odd lengths, primes (Bluestein), and one sample.
const std::vector<i64> lengths = {1,  2,  3,  4,  5,   6,   8,   12,  13,  15,  16,  17,
                                  30, 34, 64, 77, 100, 101, 128, 202, 210, 256, 441, 514};

template <class T>
void stft_is_the_sum(double bound) {
  for (i64 n : lengths) {
    for (i64 hop : {std::max<i64>(1, n / 4), n, 3 * n / 2 + 1}) {
      StftShape s{.count = 2, .samples = n + 18 * hop + 1, .n_fft = n, .hop = hop, .frames = 19};
      auto x = noise<T>(s.count * s.samples, 1), window = noise<T>(n, 2);
      std::vector<T> y(static_cast<std::size_t>(s.count * s.frames * s.bins() * 2));
      backend(Device::cpu()).stft(s, dtype_of<T>, x.data(), window.data(), y.data());
      std::vector<double> expected(y.size());
      reference::stft(s, f64_of(x).data(), f64_of(window).data(), expected.data());
      SCOPED_TRACE(format("n_fft {} hop {}", n, hop));
      expect_close(expected, y, bound);
    }
  }
}

template <class T>
void backward_is_the_transpose(double bound) {
  for (i64 n : lengths) {
    i64 hop = std::max<i64>(1, n / 3);
    StftShape s{.count = 2, .samples = n + 4 * hop + 1, .n_fft = n, .hop = hop, .frames = 5};
    auto window = noise<T>(n, 3), dy = noise<T>(s.count * s.frames * s.bins() * 2, 4);
    std::vector<T> dx(static_cast<std::size_t>(s.count * s.samples), T{7});
    backend(Device::cpu()).stft_backward(s, dtype_of<T>, dy.data(), window.data(), dx.data());
    std::vector<double> expected(dx.size());
    reference::stft_backward(s, f64_of(dy).data(), f64_of(window).data(), expected.data());
    SCOPED_TRACE(format("n_fft {}", n));
    expect_close(expected, dx, bound);
  }
}

template <class T>
void irfft_is_the_sum(double bound) {
  for (i64 n : lengths) {
    i64 count = 19;
    auto y = noise<T>(count * (n / 2 + 1) * 2, 5);
    std::vector<T> x(static_cast<std::size_t>(count * n));
    backend(Device::cpu()).irfft(dtype_of<T>, count, n, y.data(), x.data());
    std::vector<double> expected(x.size());
    reference::irfft(count, n, f64_of(y).data(), expected.data());
    SCOPED_TRACE(format("n {}", n));
    expect_close(expected, x, bound);
  }
}

template <class T>
void band_power_is_composed(double bound) {
  for (i64 n : {16, 30, 101, 512})
    for (double power : {2., 1., 1.5}) {
      i64 hop = n == 30 ? 7 : std::max<i64>(1, n / 4), bands = 5;
      StftShape s{.count = 2, .samples = n + 36 * hop, .n_fft = n, .hop = hop, .frames = 37};
      auto x = noise<T>(s.count * s.samples, 6), window = noise<T>(n, 7);
      auto weights = noise<T>(bands * s.bins(), 8);
      for (i64 k = 0; k < s.bins(); ++k)  // bands with zeros before, behind and in the middle
        for (i64 m = 0; m < bands - 1; ++m)
          if (k % 5 < m || k > s.bins() - m)
            weights[static_cast<std::size_t>(m * s.bins() + k)] = 0;
      std::vector<T> y(static_cast<std::size_t>(s.count * bands * s.frames));
      backend(Device::cpu())
          .band_power(s, bands, power, dtype_of<T>, x.data(), window.data(), weights.data(),
                      y.data());
      std::vector<double> expected(y.size());
      reference::band_power(s, bands, power, f64_of(x).data(), f64_of(window).data(),
                            f64_of(weights).data(), expected.data());
      SCOPED_TRACE(format("n_fft {} power {}", n, power));
      expect_close(expected, y, bound);
    }
}

TEST(Fft, BandPowerIsComposed) {
  band_power_is_composed<double>(1e-14);
  band_power_is_composed<float>(2e-7);
}

TEST(Fft, StftIsTheSum) {
  stft_is_the_sum<double>(1e-14);
  stft_is_the_sum<float>(1e-7);
}
TEST(Fft, BackwardIsTheTranspose) {
  backward_is_the_transpose<double>(1e-14);
  backward_is_the_transpose<float>(3e-7);
}
TEST(Fft, IrfftIsTheSum) {
  irfft_is_the_sum<double>(1e-14);
  irfft_is_the_sum<float>(1e-7);
}

}  // namespace
}  // namespace melgrad
