#include "tensor/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

struct Threads {
  int before = num_threads();
  explicit Threads(int count) { set_num_threads(count); }
  ~Threads() { set_num_threads(before); }
};

}  // namespace

TEST(Random, TheSameWithAnyNumberOfThreads) {
  constexpr i64 many = 100'003;
  auto draw = [](int threads) {
    Threads use(threads);
    Generator g(7);
    std::vector<Tensor> drawn{rand({many}, g), randn({many}, g), randint(-5, 1000, {many}, g),
                              dropout(ones({many}), .3, g.take(many)),
                              rand({5}, g, 0, 1, Dtype::f64)};
    return drawn;
  };
  auto one = draw(1);
  for (int threads : {2, 64}) {
    auto other = draw(threads);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(equal(one[i], other[i])) << i;
  }
}

// Two draws are one long draw where the first is a whole number of blocks of four.
TEST(Random, TheStreamGoesOn) {
  Generator a(3), b(3);
  Tensor whole = rand({12}, a);
  EXPECT_TRUE(equal(cat({rand({8}, b), rand({4}, b)}), whole));
  EXPECT_EQ(a.offset(), 3U);
  rand({5}, a);
  EXPECT_EQ(a.offset(), 5U);
  b.set_state(3, 2);
  EXPECT_TRUE(equal(rand({4}, b), whole.slice(0, 8, 12)));
  EXPECT_EQ(b.seed(), 3U);
}

TEST(Random, CopiesShareTheStreamForksDoNot) {
  Generator a(3), same = a;
  EXPECT_FALSE(equal(rand({4}, a), rand({4}, same)));
  std::set<u64> seeds{a.seed()};
  for (u64 key = 0; key < 1000; ++key) seeds.insert(a.fork(key).seed());
  for (u64 key = 0; key < 1000; ++key) seeds.insert(Generator(4).fork(key).seed());
  EXPECT_EQ(seeds.size(), 2001U);
  EXPECT_EQ(a.fork(1).seed(), Generator(3).fork(1).seed());
  EXPECT_EQ(a.fork(1).offset(), 0U);
}

// fork(k) of seed s is SplitMix64's first number from s ^ (its first number from k); published for 0
// and for 1234567.
TEST(Random, ForksAreSplitMix64s) {
  constexpr u64 of_0 = 0xe220a8397b1dcdafU, of_1234567 = 6457827717110365317U;
  EXPECT_EQ(Generator(of_0).fork(0).seed(), of_0);
  EXPECT_EQ(Generator(of_0 ^ 1234567U).fork(0).seed(), of_1234567);
  EXPECT_EQ(Generator(of_1234567).fork(1234567).seed(), of_0);
}

// The standard error of a mean of n uniforms is √(1/12n), of n normals 1/√n; 5 of them are allowed.
TEST(Random, Moments) {
  constexpr i64 n = 1'000'000;
  Generator g(11);
  Tensor u = rand({n}, g, -1, 3, Dtype::f64), z = randn({n}, g, 2, 3, Dtype::f64);
  EXPECT_NEAR(mean(u).item(), 1, 5 * 4 / std::sqrt(12.0 * n));
  EXPECT_GE(min(u).item(), -1);
  EXPECT_LT(max(u).item(), 3);
  EXPECT_NEAR(mean(z).item(), 2, 5 * 3 / std::sqrt(1.0 * n));
  EXPECT_NEAR(var(z, {0}).item(), 9, 5 * 9 * std::sqrt(2.0 / n));
  Tensor k = randint(-2, 4, {n}, g);
  for (i64 value = -2; value < 4; ++value) {
    double share = sum(k == scalar(static_cast<double>(value), Dtype::i64)).item() / n;
    EXPECT_NEAR(share, 1.0 / 6, 5 * std::sqrt(5.0 / 36 / n));
  }
  EXPECT_EQ(min(k).item(), -2);
  EXPECT_EQ(max(k).item(), 3);
}

TEST(Random, PermutationHoldsEveryNumberOnce) {
  Generator g(5);
  std::vector<i64> order = g.permutation(1000), sorted = order, counted(1000);
  std::iota(counted.begin(), counted.end(), 0);
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, counted);
  EXPECT_NE(order, counted);
  EXPECT_NE(g.permutation(1000), order);
  EXPECT_TRUE(g.permutation(0).empty());
  // Each of the 6 orders of 3 comes up equally often: 5 standard errors of 6000 draws.
  std::map<std::vector<i64>, int> times;
  for (int i = 0; i < 6000; ++i) ++times[g.permutation(3)];
  EXPECT_EQ(times.size(), 6U);
  for (const auto& [each, count] : times) EXPECT_NEAR(count, 1000, 5 * std::sqrt(6000 * 5.0 / 36));
}

TEST(Random, SingleDraws) {
  Generator g(5);
  for (int i = 0; i < 100; ++i) {
    double u = g.uniform(2, 3);
    EXPECT_TRUE(u >= 2 && u < 3);
    i64 k = g.integer(-1, 2);
    EXPECT_TRUE(k >= -1 && k < 2);
  }
  Generator again(5);
  EXPECT_EQ(Generator(5).normal(), again.normal());
}

// The mask does not depend on how x lies in memory, so backward may meet dy in another order.
TEST(Dropout, OneMaskForEveryLayout) {
  Generator g(9);
  Tensor state = g.take(2 * 3 * 4 * 5), x = arange(120, Dtype::f32).reshape({2, 3, 4, 5}) + 1;
  EXPECT_TRUE(equal(dropout(x, .5, state), dropout(x.channels_last(), .5, state)));
  Tensor flat = x.reshape({6, 20});
  EXPECT_TRUE(equal(dropout(flat, .5, state),
                    dropout(flat.transpose(0, 1).contiguous().transpose(0, 1), .5, state)));
  EXPECT_TRUE(equal(dropout(x, 0, state), x));
  EXPECT_EQ(sum(dropout(x, 1, state)).item(), 0);
  EXPECT_EQ(error_of([&] { dropout(x, 1.5, state); }),
            "[dropout] p must lie in [0, 1], not 1.5: (2, 3, 4, 5) f32");
  EXPECT_NE(error_of([&] { dropout(x, .5, arange(3)); }), "no error");
}

TEST(Random, Refuses) {
  Generator g(1);
  EXPECT_EQ(error_of([&] { rand({2}, g, 0, 1, Dtype::i64); }),
            "[rand] draws f32, f64 or bf16, not i64");
  EXPECT_EQ(error_of([&] { randn({2}, g, 0, -1); }),
            "[randn] the standard deviation -1 is negative");
  EXPECT_EQ(error_of([&] { randint(3, 3, {2}, g); }),
            "[randint] nothing lies from 3 up to below 3");
  EXPECT_NE(error_of([&] { randint(0, i64{1} << 40, {2}, g); }), "no error");
}

}  // namespace melgrad
