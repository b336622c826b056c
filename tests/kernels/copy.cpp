#include <gtest/gtest.h>

#include <limits>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

// A random array, read through a random permutation, flips, gaps and broadcasts, written through
// another permutation.
struct RandomCopy {
  CopyShape shape;
  i64 source_size = 1, source_start = 0, target_size = 1;

  explicit RandomCopy(std::mt19937& engine) {
    auto below = [&](int n) { return static_cast<int>(engine() % static_cast<unsigned>(n)); };
    shape.rank = 1 + below(5);
    for (int d = 0; d < shape.rank; ++d) shape.size[d] = std::array{1, 2, 3, 5, 17, 40}[below(6)];
    for (int d : shuffled(engine)) {
      bool broadcast = below(6) == 0, flip = below(5) == 0;
      i64 gap = below(4) == 0 ? 2 : 1, step = source_size * gap;
      shape.source_stride[d] = broadcast ? 0 : flip ? -step : step;
      if (flip && !broadcast) source_start += step * (shape.size[d] - 1);
      if (!broadcast) source_size *= shape.size[d] * gap;
    }
    for (int d : shuffled(engine)) {
      shape.target_stride[d] = target_size;
      target_size *= shape.size[d];
    }
  }

  std::vector<int> shuffled(std::mt19937& engine) const {
    std::vector<int> axes(static_cast<std::size_t>(shape.rank));
    for (int d = 0; d < shape.rank; ++d) axes[d] = d;
    std::shuffle(axes.begin(), axes.end(), engine);
    return axes;
  }
};

template <class From, class To>
void compare_random_copies(int count) {
  std::mt19937 engine(7);
  for (int i = 0; i < count; ++i) {
    RandomCopy c(engine);
    auto source = testing::random_values<From>(c.source_size, 0, 100);
    std::vector<To> copied(static_cast<std::size_t>(c.target_size), To{}), expected = copied;
    std::vector<double> exact(copied.size());
    reference::copy(c.shape, testing::as_f64(source).data() + c.source_start, exact.data());
    for (std::size_t at = 0; at < exact.size(); ++at) expected[at] = from_double<To>(exact[at]);
    cpu().copy(c.shape, dtype_of<From>, source.data() + c.source_start, dtype_of<To>,
               copied.data());
    ASSERT_TRUE(testing::same_bits(copied, expected)) << "copy " << i;
  }
}

TEST(Copy, TakesAnyStrides) {
  compare_random_copies<float, float>(400);
  compare_random_copies<double, double>(100);
  compare_random_copies<bf16, bf16>(100);
  compare_random_copies<u8, u8>(100);
}

TEST(Copy, ConvertsOnTheWay) {
  compare_random_copies<float, double>(100);
  compare_random_copies<u8, float>(100);
  compare_random_copies<i64, float>(100);
  compare_random_copies<float, bf16>(100);
}

TEST(Copy, TransposesBetweenNchwAndNhwc) {
  constexpr i64 n = 3, c = 37, hw = 65 * 33;
  auto nchw = testing::random_values<float>(n * c * hw);
  std::vector<float> nhwc(nchw.size()), back(nchw.size());
  cpu().copy({3, {n, hw, c}, {c * hw, 1, hw}, {c * hw, c, 1}}, Dtype::f32, nchw.data(), Dtype::f32,
             nhwc.data());
  for (i64 i = 0; i < n; ++i)
    for (i64 k = 0; k < c; ++k)
      for (i64 p = 0; p < hw; ++p)
        ASSERT_EQ(nhwc[(i * hw + p) * c + k], nchw[(i * c + k) * hw + p]);
  cpu().copy({3, {n, c, hw}, {c * hw, 1, c}, {c * hw, hw, 1}}, Dtype::f32, nhwc.data(), Dtype::f32,
             back.data());
  EXPECT_TRUE(testing::same_bits(back, nchw));
}

TEST(Copy, CutsOffAtTheEndsOfAnIntegersRange) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  std::vector<double> x{-1.9, 1.9, 255, 256, 300, -inf, inf, std::nan("")};
  std::vector<u8> bytes(x.size());
  std::vector<i64> integers(x.size());
  i64 n = static_cast<i64>(x.size());
  cpu().copy({1, {n}, {1}, {1}}, Dtype::f64, x.data(), Dtype::u8, bytes.data());
  EXPECT_EQ(bytes, (std::vector<u8>{0, 1, 255, 255, 255, 0, 255, 0}));
  cpu().copy({1, {n}, {1}, {1}}, Dtype::f64, x.data(), Dtype::i64, integers.data());
  EXPECT_EQ(integers, (std::vector<i64>{-1, 1, 255, 256, 300, std::numeric_limits<i64>::min(),
                                        std::numeric_limits<i64>::max(), 0}));
  std::vector<i64> wide{-5, 5, 1000};
  std::vector<u8> narrow(3);
  cpu().copy({1, {3}, {1}, {1}}, Dtype::i64, wide.data(), Dtype::u8, narrow.data());
  EXPECT_EQ(narrow, (std::vector<u8>{0, 5, 255}));
}

TEST(Copy, OfNothingAndOfOneValue) {
  float x = 3, y = 0;
  cpu().copy({2, {0, 4}, {4, 1}, {4, 1}}, Dtype::f32, nullptr, Dtype::f32, nullptr);
  cpu().copy({}, Dtype::f32, &x, Dtype::f32, &y);
  EXPECT_EQ(y, 3);
}

TEST(Bf16, RoundsToNearestEvenAndKeepsNan) {
  auto rounded = [](float value) { return static_cast<float>(bf16(value)); };
  EXPECT_EQ(rounded(1.0f), 1.0f);
  EXPECT_EQ(rounded(1.00390625f), 1.0f) << "half way: to the even neighbour";
  EXPECT_EQ(rounded(1.01171875f), 1.015625f) << "half way: to the even neighbour";
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7f800001U))));
}

TEST(FillAndArange, Write) {
  std::vector<i64> y(5);
  cpu().fill(Dtype::i64, 7, 5, y.data());
  EXPECT_EQ(y, (std::vector<i64>(5, 7)));
  cpu().arange(Dtype::i64, 10, -3, 5, y.data());
  EXPECT_EQ(y, (std::vector<i64>{10, 7, 4, 1, -2}));
  std::vector<double> z(3);
  cpu().arange(Dtype::f64, .5, .25, 3, z.data());
  EXPECT_EQ(z, (std::vector<double>{.5, .75, 1}));
}

}  // namespace
}  // namespace melgrad
