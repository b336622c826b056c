#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;
using testing::to_double;

struct UnaryCase {
  const char* name;
  UnaryOp op;
  std::function<double(double)> exact;
  double low = -3, high = 3, a = 0, b = 0;
};

const std::vector<UnaryCase> unary_cases = {
    {"neg", UnaryOp::neg, [](double x) { return -x; }},
    {"abs", UnaryOp::abs, [](double x) { return std::fabs(x); }},
    {"sign", UnaryOp::sign, [](double x) { return (x > 0) - (x < 0); }},
    {"square", UnaryOp::square, [](double x) { return x * x; }},
    {"sqrt", UnaryOp::sqrt, [](double x) { return std::sqrt(x); }, 0, 9},
    {"rsqrt", UnaryOp::rsqrt, [](double x) { return 1 / std::sqrt(x); }, .1, 9},
    {"reciprocal", UnaryOp::reciprocal, [](double x) { return 1 / x; }, .1, 9},
    {"exp", UnaryOp::exp, [](double x) { return std::exp(x); }},
    {"log", UnaryOp::log, [](double x) { return std::log(x); }, .1, 9},
    {"log1p", UnaryOp::log1p, [](double x) { return std::log1p(x); }, -.9, 9},
    {"sin", UnaryOp::sin, [](double x) { return std::sin(x); }},
    {"cos", UnaryOp::cos, [](double x) { return std::cos(x); }},
    {"tanh", UnaryOp::tanh, [](double x) { return std::tanh(x); }},
    {"sigmoid", UnaryOp::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"floor", UnaryOp::floor, [](double x) { return std::floor(x); }},
    {"ceil", UnaryOp::ceil, [](double x) { return std::ceil(x); }},
    {"round", UnaryOp::round, [](double x) { return std::nearbyint(x); }},
    {"relu", UnaryOp::relu, [](double x) { return std::max(x, 0.0); }},
    {"affine", UnaryOp::affine, [](double x) { return 2.5 * x - 1; }, -3, 3, 2.5, -1},
    {"clamp", UnaryOp::clamp, [](double x) { return std::clamp(x, -1.0, .5); }, -3, 3, -1, .5},
    {"pow", UnaryOp::pow, [](double x) { return std::pow(x, 1.5); }, 0, 9, 1.5},
    {"leaky_relu", UnaryOp::leaky_relu, [](double x) { return x > 0 ? x : .125 * x; }, -3, 3, .125},
};

template <class T>
void check_unary(const UnaryCase& c, double tolerance) {
  for (i64 n : {0, 1, 31, 1027, 140001}) {  // the last with several threads
    auto x = testing::random_values<T>(n, c.low, c.high);
    std::vector<T> y(x.size());
    cpu().unary(c.op, dtype_of<T>, c.a, c.b, n, x.data(), y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      double exact = c.exact(to_double(x[i]));
      ASSERT_NEAR(to_double(y[i]), exact, tolerance * (1 + std::fabs(exact)))
          << c.name << "(" << to_double(x[i]) << ")";
    }
    std::vector<T> in_place = x;
    cpu().unary(c.op, dtype_of<T>, c.a, c.b, n, in_place.data(), in_place.data());
    ASSERT_TRUE(testing::same_bits(in_place, y)) << c.name << " in place";
  }
}

TEST(Unary, AgreesWithLibm) {
  for (const UnaryCase& c : unary_cases) {
    check_unary<double>(c, 1e-15);
    check_unary<float>(c, 3e-7);
    check_unary<bf16>(c, 1.0 / 256);
  }
}

TEST(Unary, KeepsNan) {
  for (const UnaryCase& c : unary_cases) {
    std::vector<float> x(33, std::nanf("")), y(33);
    cpu().unary(c.op, Dtype::f32, c.a, c.b, 33, x.data(), y.data());
    for (float value : y) EXPECT_TRUE(std::isnan(value)) << c.name;
  }
}

TEST(Unary, KnowsIntegers) {
  std::vector<i64> x{-3, 0, 5}, y(3);
  auto apply = [&](UnaryOp op, double a = 0, double b = 0) {
    cpu().unary(op, Dtype::i64, a, b, 3, x.data(), y.data());
    return y;
  };
  EXPECT_EQ(apply(UnaryOp::neg), (std::vector<i64>{3, 0, -5}));
  EXPECT_EQ(apply(UnaryOp::abs), (std::vector<i64>{3, 0, 5}));
  EXPECT_EQ(apply(UnaryOp::sign), (std::vector<i64>{-1, 0, 1}));
  EXPECT_EQ(apply(UnaryOp::square), (std::vector<i64>{9, 0, 25}));
  EXPECT_EQ(apply(UnaryOp::affine, -2, 1), (std::vector<i64>{7, 1, -9}));
  EXPECT_EQ(apply(UnaryOp::clamp, -1, 2), (std::vector<i64>{-1, 0, 2}));
  EXPECT_THROW(apply(UnaryOp::exp), Error);
}

// --- binary and compare, with every kind of broadcast ----------------------------------------------

struct BroadcastCase {
  const char* name;
  BroadcastShape shape;
};

const std::vector<BroadcastCase> broadcast_cases = {
    {"same shape", {2, {7, 33}, {33, 1}, {33, 1}}},
    {"large", {2, {301, 333}, {333, 1}, {333, 1}}},
    {"scalar right", {2, {7, 33}, {33, 1}, {0, 0}}},
    {"scalar left", {2, {7, 33}, {0, 0}, {33, 1}}},
    {"both scalars", {2, {7, 33}, {0, 0}, {0, 0}}},
    {"row", {2, {300, 333}, {333, 1}, {0, 1}}},
    {"column", {2, {300, 333}, {333, 1}, {1, 0}}},
    {"row with column", {2, {7, 33}, {0, 1}, {1, 0}}},
    {"middle axis", {3, {5, 6, 7}, {42, 7, 1}, {7, 0, 1}}},
    {"outer and inner", {4, {3, 4, 5, 2}, {40, 10, 2, 1}, {0, 5, 1, 0}}},
    {"transposed", {2, {33, 7}, {1, 33}, {7, 1}}},
    {"reversed", {1, {9}, {1}, {-1}}},
    {"empty", {2, {0, 3}, {3, 1}, {3, 1}}},
    {"no axes", {}},
};

// Calls f(position in y, in a, in b) for every element.
template <class F>
void for_each_element(const BroadcastShape& s, F f) {
  i64 n = 1;
  for (int d = 0; d < s.rank; ++d) n *= s.size[d];
  for (i64 at = 0; at < n; ++at) {
    i64 rest = at, a = 0, b = 0;
    for (int d = s.rank - 1; d >= 0; --d) {
      a += rest % s.size[d] * s.a_stride[d];
      b += rest % s.size[d] * s.b_stride[d];
      rest /= s.size[d];
    }
    f(at, a, b);
  }
}

constexpr i64 room = 301 * 333;

template <class T>
void check_binary(BinaryOp op, std::function<double(double, double)> exact, double tolerance,
                  double low = -2) {
  auto a = testing::random_values<T>(2 * room, low, 2, 1);
  auto b = testing::random_values<T>(2 * room, low, 2, 2);
  for (const BroadcastCase& c : broadcast_cases) {
    std::vector<T> y(room);
    const T* b_middle = b.data() + room;
    cpu().binary(op, dtype_of<T>, c.shape, a.data(), b_middle, y.data());
    for_each_element(c.shape, [&](i64 at, i64 i, i64 j) {
      double expected = exact(to_double(a[i]), to_double(b_middle[j]));
      ASSERT_NEAR(to_double(y[at]), expected, tolerance * (1 + std::fabs(expected)))
          << c.name << ", operation " << static_cast<int>(op) << ", element " << at;
    });
  }
}

template <class T>
void check_all_binary(double tolerance) {
  check_binary<T>(BinaryOp::add, std::plus<>(), tolerance);
  check_binary<T>(BinaryOp::sub, std::minus<>(), tolerance);
  check_binary<T>(BinaryOp::mul, std::multiplies<>(), tolerance);
  check_binary<T>(BinaryOp::div, std::divides<>(), tolerance, .1);
  check_binary<T>(
      BinaryOp::pow, [](double a, double b) { return std::pow(a, b); }, tolerance, .1);
  check_binary<T>(
      BinaryOp::maximum, [](double a, double b) { return std::max(a, b); }, tolerance);
  check_binary<T>(
      BinaryOp::minimum, [](double a, double b) { return std::min(a, b); }, tolerance);
  check_binary<T>(
      BinaryOp::relu_backward, [](double y, double dy) { return y > 0 ? dy : 0; }, tolerance);
  check_binary<T>(
      BinaryOp::tanh_backward, [](double y, double dy) { return dy * (1 - y * y); }, tolerance);
  check_binary<T>(
      BinaryOp::sigmoid_backward, [](double y, double dy) { return dy * y * (1 - y); }, tolerance);
}

TEST(Binary, BroadcastsF64) { check_all_binary<double>(1e-15); }
TEST(Binary, BroadcastsF32) { check_all_binary<float>(4e-7); }
TEST(Binary, BroadcastsBf16) { check_all_binary<bf16>(1.0 / 256); }

TEST(Binary, NanInEitherIsTheMaximum) {
  float nan = std::nanf("");
  std::vector<float> a{nan, 1, nan, -0.0f}, b{1, nan, nan, 0.0f}, y(4);
  for (BinaryOp op : {BinaryOp::maximum, BinaryOp::minimum}) {
    cpu().binary(op, Dtype::f32, {1, {4}, {1}, {1}}, a.data(), b.data(), y.data());
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]) && std::isnan(y[2]));
    EXPECT_EQ(y[3], 0);
  }
}

TEST(Binary, IntegersWrapAroundAndTruncate) {
  constexpr i64 lowest = std::numeric_limits<i64>::min();
  std::vector<i64> a{-7, 7, lowest}, b{2, -2, -1}, y(3);
  BroadcastShape shape{1, {3}, {1}, {1}};
  cpu().binary(BinaryOp::div, Dtype::i64, shape, a.data(), b.data(), y.data());
  EXPECT_EQ(y, (std::vector<i64>{-3, -3, lowest}));
  cpu().binary(BinaryOp::add, Dtype::i64, shape, a.data(), b.data(), y.data());
  EXPECT_EQ(y, (std::vector<i64>{-5, 5, std::numeric_limits<i64>::max()}));
  b[1] = 0;
  EXPECT_THROW(cpu().binary(BinaryOp::div, Dtype::i64, shape, a.data(), b.data(), y.data()), Error);
  EXPECT_THROW(cpu().binary(BinaryOp::pow, Dtype::i64, shape, a.data(), b.data(), y.data()), Error);
  std::vector<u8> bytes{250, 3}, ten{10, 10}, sum(2);
  cpu().binary(BinaryOp::add, Dtype::u8, {1, {2}, {1}, {1}}, bytes.data(), ten.data(), sum.data());
  EXPECT_EQ(sum, (std::vector<u8>{4, 13}));
}

TEST(Compare, BroadcastsAndKnowsNan) {
  auto a = testing::random_values<float>(room, -1, 1), b = testing::random_values<float>(room);
  for (float& value : a) value = std::round(4 * value);
  for (float& value : b) value = std::round(4 * value);
  a[3] = std::nanf("");
  using Op = std::pair<CompareOp, std::function<bool(float, float)>>;
  for (const auto& [op, exact] :
       {Op{CompareOp::eq, std::equal_to<>()}, Op{CompareOp::ne, std::not_equal_to<>()},
        Op{CompareOp::lt, std::less<>()}, Op{CompareOp::le, std::less_equal<>()},
        Op{CompareOp::gt, std::greater<>()}, Op{CompareOp::ge, std::greater_equal<>()}})
    for (const BroadcastCase& c : broadcast_cases) {
      std::vector<u8> y(room);
      const float* b_middle = b.data() + room / 2;
      if (c.shape.size[0] > 200) continue;  // b_middle has not that many behind it
      cpu().compare(op, Dtype::f32, c.shape, a.data(), b_middle, y.data());
      for_each_element(c.shape, [&, &test = exact](i64 at, i64 i, i64 j) {
        ASSERT_EQ(y[at], test(a[i], b_middle[j])) << c.name;
      });
    }
}

TEST(Where, Chooses) {
  std::vector<u8> condition{1, 0, 255};
  std::vector<i64> a{1, 2, 3}, b{-1, -2, -3}, y(3);
  cpu().where(Dtype::i64, 3, condition.data(), a.data(), b.data(), y.data());
  EXPECT_EQ(y, (std::vector<i64>{1, -2, 3}));
}

}  // namespace
}  // namespace melgrad
