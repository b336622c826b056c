#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

template <class T>
void check_softmax(i64 rows, i64 cols, double tolerance) {
  auto x = testing::random_values<T>(rows * cols, -20, 90);
  auto dy = testing::random_values<T>(rows * cols, -1, 1, 2);
  std::vector<T> y(x.size()), dx(x.size());
  std::vector<double> exact(x.size());
  for (bool log : {false, true}) {
    cpu().softmax(log, dtype_of<T>, rows, cols, x.data(), y.data());
    reference::softmax(log, rows, cols, testing::as_f64(x).data(), exact.data());
    testing::expect_near(y, exact, tolerance);
    cpu().softmax_backward(log, dtype_of<T>, rows, cols, y.data(), dy.data(), dx.data());
    reference::softmax_backward(log, rows, cols, testing::as_f64(y).data(),
                                testing::as_f64(dy).data(), exact.data());
    testing::expect_near(dx, exact, tolerance);
  }
}

TEST(Softmax, FollowsItsFormula) {
  for (i64 cols : {1, 4, 31, 33, 1009})
    for (i64 rows : {1, 3, 301}) {
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
