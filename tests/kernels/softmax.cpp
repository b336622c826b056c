#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;
using testing::to_double;

template <class T>
void check_softmax(i64 rows, i64 cols, double tolerance) {
  auto x = testing::random_values<T>(rows * cols, -20, 90);
  auto dy = testing::random_values<T>(rows * cols, -1, 1, 2);
  std::vector<T> y(x.size()), dx(x.size());
  for (bool log : {false, true}) {
    cpu().softmax(log, dtype_of<T>, rows, cols, x.data(), y.data());
    cpu().softmax_backward(log, dtype_of<T>, rows, cols, y.data(), dy.data(), dx.data());
    for (i64 r = 0; r < rows; ++r) {
      long double max = -1e30L, sum = 0, dy_sum = 0;
      auto at = [&](const std::vector<T>& v, i64 j) { return to_double(v[r * cols + j]); };
      for (i64 j = 0; j < cols; ++j) max = std::max<long double>(max, at(x, j));
      for (i64 j = 0; j < cols; ++j) sum += std::exp(at(x, j) - max);
      for (i64 j = 0; j < cols; ++j) dy_sum += at(dy, j) * (log ? 1 : at(y, j));
      for (i64 j = 0; j < cols; ++j) {
        long double log_y = at(x, j) - max - std::log(sum);
        double expected = static_cast<double>(log ? log_y : std::exp(log_y));
        ASSERT_NEAR(at(y, j), expected, tolerance * (1 + std::fabs(expected)));
        double yj = at(y, j), dyj = at(dy, j), total = static_cast<double>(dy_sum);
        double expected_dx = log ? dyj - std::exp(yj) * total : yj * (dyj - total);
        double size = 1 + std::fabs(dyj) + (log ? std::exp(yj) * std::fabs(total) : 0);
        ASSERT_NEAR(at(dx, j), expected_dx, tolerance * size);
      }
    }
  }
}

TEST(Softmax, FollowsItsFormula) {
  for (i64 cols : {1, 4, 31, 33, 1009})
    for (i64 rows : {1, 3, 301}) {
      check_softmax<double>(rows, cols, 1e-14);
      check_softmax<float>(rows, cols, 2e-6);  // observed 1.1e-6: a sum of 1009 terms in f32
      check_softmax<bf16>(rows, cols, 1.0 / 128);
    }
}

TEST(Softmax, KnowsInfinityAndNan) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x{-inf, 0, -inf, 0}, y(4);
  cpu().softmax(false, Dtype::f32, 1, 4, x.data(), y.data());
  EXPECT_EQ(y, (std::vector<float>{0, .5f, 0, .5f})) << "masked scores";
  x[2] = std::nanf("");
  cpu().softmax(false, Dtype::f32, 1, 4, x.data(), y.data());
  for (float value : y) EXPECT_TRUE(std::isnan(value));
  cpu().softmax(false, Dtype::f32, 0, 4, x.data(), y.data());
  cpu().softmax(false, Dtype::f32, 4, 0, x.data(), y.data());
  EXPECT_THROW(cpu().softmax(false, Dtype::i64, 1, 4, x.data(), y.data()), Error);
}

}  // namespace
}  // namespace melgrad
