#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

std::vector<i64> targets(i64 rows, i64 cols) {
  std::vector<i64> all(static_cast<std::size_t>(rows));
  for (i64 r = 0; r < rows; ++r) all[r] = (r * 7 + 3) % cols;
  return all;
}

template <class T>
void check_cross_entropy(i64 rows, i64 cols, double tolerance) {
  auto x = testing::random_values<T>(rows * cols, -20, 90);
  std::vector<T> y(1), dy = {T(.75f)}, dx(x.size());
  std::vector<i64> target = targets(rows, cols);
  std::vector<double> exact_y(1), exact_dx(x.size()), exact_dy = {.75};
  cpu().cross_entropy(dtype_of<T>, rows, cols, x.data(), target.data(), y.data());
  reference::cross_entropy(rows, cols, testing::as_f64(x).data(), target.data(), exact_y.data());
  testing::expect_near(y, exact_y, tolerance);
  cpu().cross_entropy_backward(dtype_of<T>, rows, cols, x.data(), target.data(), dy.data(),
                               dx.data());
  reference::cross_entropy_backward(rows, cols, testing::as_f64(x).data(), target.data(),
                                    exact_dy.data(), exact_dx.data());
  testing::expect_near(dx, exact_dx, tolerance);
}

TEST(Loss, FollowsItsFormula) {
  for (i64 cols : {1, 4, 31, 33, 1009})
    for (i64 rows : {1, 3, 301}) {
      check_cross_entropy<float>(rows, cols, 2e-6);
      check_cross_entropy<bf16>(rows, cols, 1.0 / 128);
    }
}

// By hand: two rows of two classes, log(1 + e^-2) and log(1 + e^1).
TEST(Loss, IsTheMeanOverRows) {
  std::vector<double> x{3, 1, 0, 1}, y(1), dy{2}, dx(4);
  std::vector<i64> target{0, 0};
  cpu().cross_entropy(Dtype::f64, 2, 2, x.data(), target.data(), y.data());
  EXPECT_NEAR(y[0], (std::log(1 + std::exp(-2.)) + std::log(1 + std::exp(1.))) / 2, 1e-15);
  cpu().cross_entropy_backward(Dtype::f64, 2, 2, x.data(), target.data(), dy.data(), dx.data());
  double p = 1 / (1 + std::exp(-2.)), q = 1 / (1 + std::exp(1.));
  testing::expect_near(dx, {p - 1, 1 - p, q - 1, 1 - q}, 1e-15);
}

TEST(Loss, IsTheSameWithAnyThreads) {
  auto x = testing::random_values<float>(4001 * 33);
  std::vector<i64> target = targets(4001, 33);
  auto results = testing::with_1_2_64_threads([&] {
    std::vector<float> all(x.size() + 1), dy{1};
    cpu().cross_entropy(Dtype::f32, 4001, 33, x.data(), target.data(), all.data() + x.size());
    cpu().cross_entropy_backward(Dtype::f32, 4001, 33, x.data(), target.data(), dy.data(),
                                 all.data());
    return all;
  });
  EXPECT_TRUE(testing::same_bits(results[0], results[1]));
  EXPECT_TRUE(testing::same_bits(results[0], results[2]));
}

TEST(Loss, KnowsInfinityAndNan) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x{-inf, 0, -inf, 0}, y(1), dy{1}, dx(4);
  std::vector<i64> target{1};
  cpu().cross_entropy(Dtype::f32, 1, 4, x.data(), target.data(), y.data());
  EXPECT_FLOAT_EQ(y[0], std::log(2.f)) << "classes that cannot be";
  cpu().cross_entropy_backward(Dtype::f32, 1, 4, x.data(), target.data(), dy.data(), dx.data());
  EXPECT_EQ(dx, (std::vector<float>{0, -.5f, 0, .5f}));
  x[2] = std::nanf("");
  cpu().cross_entropy(Dtype::f32, 1, 4, x.data(), target.data(), y.data());
  EXPECT_TRUE(std::isnan(y[0]));
  cpu().cross_entropy(Dtype::f32, 0, 4, x.data(), target.data(), y.data());
  EXPECT_TRUE(std::isnan(y[0])) << "the mean of nothing";
}

TEST(Loss, RefusesWhatIsNoClass) {
  for (Dtype dtype : {Dtype::f32, Dtype::f64})
    for (i64 wrong : {-1, 3}) {
      std::vector<double> x(6), y(1), dy(1), dx(6);
      std::vector<i64> target{2, wrong};
      EXPECT_THROW(cpu().cross_entropy(dtype, 2, 3, x.data(), target.data(), y.data()), Error);
      EXPECT_THROW(
          cpu().cross_entropy_backward(dtype, 2, 3, x.data(), target.data(), dy.data(), dx.data()),
          Error);
    }
}

}  // namespace
}  // namespace melgrad
