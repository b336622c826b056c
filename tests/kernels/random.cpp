#include <gtest/gtest.h>

#include <cmath>

#include "kernels/philox.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

// The vectors of Random123's kat_vectors, philox4x32 10.
static_assert(philox({0, 0, 0, 0}, {0, 0}) ==
              PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
              PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

// Products of 64 by 64 bits, their upper half.
static_assert(uniform_integer(0xffffffff, 0xffffffff, 10) == 9);
static_assert(uniform_integer(0, 0, 10) == 0);
static_assert(uniform_integer(0x80000000, 0, u64{1} << 63U) == u64{1} << 62U);
static_assert(uniform_integer(0xffffffff, 0xffffffff, ~u64{0}) == ~u64{0} - 1);

template <class T>
std::vector<T> draw(Distribution distribution, double a, double b, i64 n, u64 seed = 5,
                    u64 offset = 11) {
  u64 state[2] = {seed, offset};
  std::vector<T> y(static_cast<std::size_t>(n));
  cpu().random(distribution, dtype_of<T>, a, b, n, state, y.data());
  return y;
}

TEST(Random, ElementTakesItsWord) {
  auto f32 = draw<float>(Distribution::uniform, 0, 1, 5003);
  auto f64 = draw<double>(Distribution::uniform, 0, 1, 5003);
  auto integers = draw<i64>(Distribution::integer, -3, 1000, 5003);
  auto wide_integers = draw<double>(Distribution::integer, -3, 1000, 5003);
  auto normal = draw<float>(Distribution::normal, 1, 2, 5003);
  auto wide_normal = draw<double>(Distribution::normal, 1, 2, 5003);
  for (std::size_t i = 0; i < f32.size(); ++i) {
    std::uint32_t high = philox_block(5, 11 + i / 4, 0)[i % 4];
    std::uint32_t low = philox_block(5, 11 + i / 4, 1)[i % 4];
    ASSERT_EQ(f32[i], uniform_f32(high));
    ASSERT_EQ(f64[i], uniform_f64(high, low));
    ASSERT_EQ(integers[i], -3 + static_cast<i64>(uniform_integer(high, low, 1003)));
    ASSERT_NEAR(f32[i], f64[i], 0x1p-24) << "f64 draws the same numbers with more digits";
    ASSERT_EQ(wide_integers[i], static_cast<double>(integers[i]));
    ASSERT_NEAR(normal[i], wide_normal[i], 1e-6);
  }
}

TEST(Random, ContinuesWhereTheOffsetSays) {
  auto all = draw<float>(Distribution::normal, 0, 1, 4000, 9, 0);
  auto rest = draw<float>(Distribution::normal, 0, 1, 2000, 9, 500);
  EXPECT_TRUE(testing::same_bits(rest, std::vector<float>(all.begin() + 2000, all.end())));
  u64 state[2] = {9, ~u64{0}};
  cpu().advance_random(state, 3);
  EXPECT_EQ(state[1], 2U) << "the counter wraps around";
}

TEST(Random, DoesNotDependOnTheThreads) {
  std::vector<float> x(100'001, 1);
  auto same = [](auto results) {
    return testing::same_bits(results[0], results[1]) && testing::same_bits(results[0], results[2]);
  };
  for (Distribution d : {Distribution::uniform, Distribution::normal, Distribution::integer})
    EXPECT_TRUE(same(testing::with_1_2_64_threads([&] { return draw<float>(d, 0, 9, 100'001); })));
  EXPECT_TRUE(same(testing::with_1_2_64_threads([&] {
    u64 state[2] = {1, 2};
    std::vector<float> y(x.size());
    cpu().dropout(Dtype::f32, .5, 100'001, state, x.data(), y.data());
    return y;
  })));
}

// Means of n values lie within 5 standard errors of the expectation.
TEST(Random, HasTheRightMoments) {
  constexpr i64 n = 200'000;
  auto near = [](const auto& values, auto f, double expected, double deviation) {
    double sum = 0;
    for (auto value : values) sum += f(testing::to_double(value));
    EXPECT_NEAR(sum / n, expected, 5 * deviation / std::sqrt(n));
  };
  auto uniform = draw<float>(Distribution::uniform, 2, 4, n);
  near(
      uniform, [](double x) { return x; }, 3, std::sqrt(1.0 / 3));
  near(
      uniform, [](double x) { return (x - 3) * (x - 3); }, 1.0 / 3, .3);
  auto normal = draw<double>(Distribution::normal, 1, 2, n);
  near(
      normal, [](double x) { return x; }, 1, 2);
  near(
      normal, [](double x) { return (x - 1) * (x - 1); }, 4, 4 * std::sqrt(2));
  near(
      normal, [](double x) { return std::pow((x - 1) / 2, 3); }, 0, std::sqrt(15));
  near(
      normal, [](double x) { return std::pow((x - 1) / 2, 4); }, 3, std::sqrt(96));
  for (int k = 0; k < 3; ++k)
    near(
        draw<i64>(Distribution::integer, 0, 3, n), [k](double x) { return x == k; }, 1.0 / 3, .5);
}

TEST(Random, StaysBelowItsEnd) {
  auto check_range = [](const auto& values, double low, double high) {
    for (auto value : values) {
      ASSERT_GE(testing::to_double(value), low);
      ASSERT_LT(testing::to_double(value), high);
    }
  };
  check_range(draw<bf16>(Distribution::uniform, 0, 1, 10000), 0, 1);
  check_range(draw<bf16>(Distribution::uniform, -1, 0, 10000), -1, 0);
  check_range(draw<float>(Distribution::uniform, 1000, 1000.001, 10000), 999.99, 1000.001);
  EXPECT_THROW(draw<i64>(Distribution::integer, 3, 3, 1), Error);
  EXPECT_THROW(draw<i64>(Distribution::uniform, 0, 1, 1), Error);
}

TEST(Dropout, DropsTheSameElementsInEveryDtype) {
  constexpr i64 n = 10'007;
  auto masked = [&]<class T>(T one, double p) {
    u64 state[2] = {3, 8};
    std::vector<T> x(n, one), y(n);
    cpu().dropout(dtype_of<T>, p, n, state, x.data(), y.data());
    return y;
  };
  auto uniform = draw<float>(Distribution::uniform, 0, 1, n, 3, 8);
  auto f32 = masked(1.0f, .25);
  auto f64 = masked(1.0, .25);
  auto half = masked(bf16(1.0f), .25);
  for (i64 i = 0; i < n; ++i) {
    bool dropped = uniform[i] < .25f;
    ASSERT_EQ(f32[i], dropped ? 0.0f : static_cast<float>(1 / .75));
    ASSERT_EQ(f64[i], dropped ? 0.0 : 1 / .75);
    ASSERT_EQ(static_cast<float>(half[i]) == 0, dropped);
  }
  EXPECT_EQ(masked(1.0f, 0.0), std::vector<float>(n, 1));
  EXPECT_EQ(masked(1.0f, 1.0), std::vector<float>(n, 0));
}

}  // namespace
}  // namespace melgrad
