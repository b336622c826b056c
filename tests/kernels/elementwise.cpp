#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

struct UnaryCase {
  const char* name;
  UnaryOp op;
  double low = -3, high = 3, a = 0, b = 0;
};

const std::vector<UnaryCase> unary_cases = {
    {"neg", UnaryOp::neg},
    {"abs", UnaryOp::abs},
    {"sign", UnaryOp::sign},
    {"square", UnaryOp::square},
    {"sqrt", UnaryOp::sqrt, 0, 9},
    {"rsqrt", UnaryOp::rsqrt, .1, 9},
    {"reciprocal", UnaryOp::reciprocal, .1, 9},
    {"exp", UnaryOp::exp},
    {"log", UnaryOp::log, .1, 9},
    {"log1p", UnaryOp::log1p, -.9, 9},
    {"sin", UnaryOp::sin},
    {"cos", UnaryOp::cos},
    {"tanh", UnaryOp::tanh},
    {"sigmoid", UnaryOp::sigmoid},
    {"floor", UnaryOp::floor},
    {"ceil", UnaryOp::ceil},
    {"round", UnaryOp::round},
    {"relu", UnaryOp::relu},
    {"affine", UnaryOp::affine, -3, 3, 2.5, -1},
    {"clamp", UnaryOp::clamp, -3, 3, -1, .5},
    {"pow", UnaryOp::pow, 0, 9, 1.5},
    {"leaky_relu", UnaryOp::leaky_relu, -3, 3, .125},
    {"gelu", UnaryOp::gelu, -6, 6},
};

template <class T>
void check_unary(const UnaryCase& c, double tolerance) {
  SCOPED_TRACE(c.name);
  for (i64 n : {0, 1, 31, 1027, 140001}) {  // the last with several threads
    auto x = testing::random_values<T>(n, c.low, c.high), y = x, in_place = x;
    std::vector<double> exact = testing::as_f64(x);
    cpu().unary(c.op, dtype_of<T>, c.a, c.b, n, x.data(), y.data());
    reference::unary(c.op, c.a, c.b, n, exact.data(), exact.data());
    testing::expect_near(y, exact, tolerance);
    cpu().unary(c.op, dtype_of<T>, c.a, c.b, n, in_place.data(), in_place.data());
    ASSERT_TRUE(testing::same_bits(in_place, y)) << "in place";
  }
}

TEST(Unary, FollowsItsFormula) {
  for (const UnaryCase& c : unary_cases) {
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

constexpr i64 room = 301 * 333;

i64 numel_of(const BroadcastShape& s) {
  i64 n = 1;
  for (int d = 0; d < s.rank; ++d) n *= s.size[d];
  return n;
}

template <class T>
void check_binary(BinaryOp op, double tolerance, double low = -2) {
  auto a = testing::random_values<T>(2 * room, low, 2, 1);
  auto b = testing::random_values<T>(2 * room, low, 2, 2);
  std::vector<double> exact_a = testing::as_f64(a), exact_b = testing::as_f64(b);
  for (const BroadcastCase& c : broadcast_cases) {
    SCOPED_TRACE(format("{}, operation {}", c.name, static_cast<int>(op)));
    std::vector<T> y(static_cast<std::size_t>(numel_of(c.shape)));
    std::vector<double> exact(y.size());
    cpu().binary(op, dtype_of<T>, c.shape, a.data(), b.data() + room, y.data());
    reference::binary(op, c.shape, exact_a.data(), exact_b.data() + room, exact.data());
    testing::expect_near(y, exact, tolerance);
  }
}

template <class T>
void check_all_binary(double tolerance) {
  for (BinaryOp op : {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::maximum,
                      BinaryOp::minimum, BinaryOp::relu_backward, BinaryOp::tanh_backward,
                      BinaryOp::sigmoid_backward, BinaryOp::gelu_backward})
    check_binary<T>(op, tolerance);
  for (BinaryOp op : {BinaryOp::div, BinaryOp::pow}) check_binary<T>(op, tolerance, .1);
}

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
  std::vector<double> exact_a = testing::as_f64(a), exact_b = testing::as_f64(b);
  for (CompareOp op :
       {CompareOp::eq, CompareOp::ne, CompareOp::lt, CompareOp::le, CompareOp::gt, CompareOp::ge})
    for (const BroadcastCase& c : broadcast_cases) {
      if (c.shape.size[0] > 200) continue;  // b's middle has not that many behind it
      std::vector<u8> y(static_cast<std::size_t>(numel_of(c.shape))), exact = y;
      cpu().compare(op, Dtype::f32, c.shape, a.data(), b.data() + room / 2, y.data());
      reference::compare(op, c.shape, exact_a.data(), exact_b.data() + room / 2, exact.data());
      ASSERT_EQ(y, exact) << c.name;
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
