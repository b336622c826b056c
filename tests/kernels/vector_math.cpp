#include "kernels/cpu/loops/vector_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

namespace vm = vector_math;

// |value − exact| in units of the last place of `exact` rounded to float.
double error_in_ulp(float value, double exact) {
  auto rounded = static_cast<float>(exact);
  if (std::isnan(exact)) return std::isnan(value) ? 0 : 1e9;
  if (std::isinf(rounded) || std::isinf(value)) {
    // half an ulp below overflow either is right
    double largest = std::numeric_limits<float>::max();
    return value == rounded || std::fabs(exact) > largest * (1 - 1e-6) ? 0 : 1e9;
  }
  double above = std::nextafter(std::fabs(rounded), std::numeric_limits<float>::infinity());
  double ulp = above - std::fabs(static_cast<double>(rounded));
  return std::fabs(static_cast<double>(value) - exact) / ulp;
}

// The largest error over every 997th float, of all 2³².
template <class F, class Exact>
double largest_error(F f, Exact exact) {
  double largest = 0;
  for (u64 bits = 0; bits < u64{1} << 32U; bits += 997) {
    auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    largest = std::max(largest, error_in_ulp(f(x), exact(static_cast<double>(x))));
  }
  return largest;
}

double exact_sigmoid(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

TEST(VectorMath, IsAccurateEverywhere) {
  auto exp = [](float x) { return vm::exp(x); };
  auto log = [](float x) { return vm::log(x); };
  auto tanh = [](float x) { return vm::tanh(x); };
  auto sigmoid = [](float x) { return vm::sigmoid(x); };
  EXPECT_LT(largest_error(exp, [](double x) { return std::exp(x); }), 1.1);
  EXPECT_LT(largest_error(log, [](double x) { return std::log(x); }), 0.9);
  EXPECT_LT(largest_error(tanh, [](double x) { return std::tanh(x); }), 1.4);
  EXPECT_LT(largest_error(sigmoid, exact_sigmoid), 2.7);
  auto exact_gelu = [](double x) { return x * std::erfc(-x / std::sqrt(2.)) / 2; };
  EXPECT_LT(largest_error([](float x) { return vm::gelu(x); }, exact_gelu), 4.5);
  auto exact_slope = [](double x) {
    return std::erfc(-x / std::sqrt(2.)) / 2 +
           x * std::exp(-x * x / 2) / std::sqrt(8 * std::atan(1.));
  };
  double worst = 0;  // of a derivative that passes through 0, the absolute error
  for (float x = -16; x < 16; x += 0x1p-12f)
    worst = std::max(worst, std::fabs(static_cast<double>(vm::gelu_slope(x)) -
                                      exact_slope(static_cast<double>(x))));
  EXPECT_LT(worst, 1.6e-7);
}

TEST(VectorMath, KnowsTheSpecialValues) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(vm::exp(-inf), 0.0f);
  EXPECT_EQ(vm::exp(inf), inf);
  EXPECT_EQ(vm::exp(0.0f), 1.0f);
  EXPECT_EQ(vm::exp(-103.0f), std::exp(-103.0f)) << "a denormal";
  EXPECT_EQ(vm::log(0.0f), -inf);
  EXPECT_EQ(vm::log(-0.0f), -inf);
  EXPECT_EQ(vm::log(1.0f), 0.0f);
  EXPECT_EQ(vm::log(inf), inf);
  EXPECT_TRUE(std::isnan(vm::log(-1.0f)));
  EXPECT_TRUE(std::isnan(vm::log(-inf)));
  EXPECT_EQ(vm::tanh(inf), 1.0f);
  EXPECT_EQ(vm::tanh(-inf), -1.0f);
  EXPECT_TRUE(std::signbit(vm::tanh(-0.0f)));
  EXPECT_EQ(vm::sigmoid(inf), 1.0f);
  EXPECT_EQ(vm::sigmoid(-inf), 0.0f);
  EXPECT_EQ(vm::sigmoid(0.0f), 0.5f);
  EXPECT_EQ(vm::gelu(0.0f), 0.0f);
  EXPECT_EQ(vm::gelu(inf), inf);
  EXPECT_TRUE(std::isnan(vm::gelu(-inf))) << "as −inf · 0 in f64 and in PyTorch";
  for (auto f : {+[](float x) { return vm::exp(x); }, +[](float x) { return vm::log(x); },
                 +[](float x) { return vm::tanh(x); }, +[](float x) { return vm::sigmoid(x); },
                 +[](float x) { return vm::gelu(x); }, +[](float x) { return vm::gelu_slope(x); }})
    EXPECT_TRUE(std::isnan(f(nan)));
}

// The loops of the backend are compiled for several instruction sets; all must keep the accuracy,
// at every place of a vector.
TEST(VectorMath, HoldsInTheBackendsLoops) {
  std::vector<float> x = testing::random_values<float>(1003, -90, 90), y(x.size());
  x[7] = std::numeric_limits<float>::quiet_NaN();
  x[900] = std::numeric_limits<float>::infinity();
  testing::cpu().unary(UnaryOp::exp, Dtype::f32, 0, 0, 1003, x.data(), y.data());
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_LT(error_in_ulp(y[i], std::exp(static_cast<double>(x[i]))), 1.1) << x[i];
}

}  // namespace
}  // namespace melgrad
