#include <gtest/gtest.h>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

std::vector<float> sums_of(i64 n, const std::vector<float>& p, const std::vector<float>& y) {
  std::vector<float> sums(static_cast<std::size_t>(5 * n), -1);
  cpu().tsne_sums(Dtype::f32, n, p.data(), y.data(), sums.data());
  return sums;
}

TEST(Tsne, SumsFollowTheirFormula) {
  for (i64 n : {1, 2, 3, 17, 300})
    for (double spread : {1e-4, 3., 300.}) {
      auto p = testing::random_values<float>(n * n, 0, 1);
      auto y = testing::random_values<float>(2 * n, -spread, spread, 2);
      std::vector<double> exact(static_cast<std::size_t>(5 * n));
      reference::tsne_sums(n, testing::as_f64(p).data(), testing::as_f64(y).data(), exact.data());
      testing::expect_near(sums_of(n, p, y), exact, 1e-5);  // observed 3e-6: 300 terms in f32
    }
}

// Two points at a distance of 5: w = 1/26.
TEST(Tsne, SumsOfTwoPoints) {
  std::vector<float> sums = sums_of(2, {7, .5f, .25f, 7}, {1, 4, 0, 4});
  std::vector<double> expected{-3 * .5 / 26, 3 * .25 / 26, -4 * .5 / 26, 4 * .25 / 26, -3. / 676,
                               3. / 676,     -4. / 676,    4. / 676,     1. / 26,      1. / 26};
  testing::expect_near(sums, expected, 1e-7);
}

TEST(Tsne, SumsDoNotDependOnThreads) {
  const i64 n = 501;
  auto p = testing::random_values<float>(n * n, 0, 1), y = testing::random_values<float>(2 * n);
  auto results = testing::with_1_2_64_threads([&] { return sums_of(n, p, y); });
  EXPECT_TRUE(testing::same_bits(results[0], results[1]));
  EXPECT_TRUE(testing::same_bits(results[0], results[2]));
}

TEST(Tsne, EqualPointsPullAndPushNothing) {
  std::vector<float> sums = sums_of(3, std::vector<float>(9, 1), {2, 2, 2, 5, 5, 5});
  EXPECT_EQ(sums, (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2}));
}

TEST(Tsne, OtherDtypesAreRefused) {
  std::vector<bf16> x(5);
  EXPECT_THROW(cpu().tsne_sums(Dtype::bf16, 1, x.data(), x.data(), x.data()), Error);
  cpu().tsne_sums(Dtype::f32, 0, nullptr, nullptr, nullptr);
}

}  // namespace
}  // namespace melgrad
