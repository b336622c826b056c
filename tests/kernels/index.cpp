#include <gtest/gtest.h>

#include "tests/error_of.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

template <class T>
std::vector<i64> random_indices(i64 n, i64 length, T seed) {
  std::mt19937 engine(seed);
  std::vector<i64> index(static_cast<std::size_t>(n));
  for (i64& value : index) value = static_cast<i64>(engine() % static_cast<u64>(length));
  return index;
}

const std::vector<IndexShape> shapes = {
    {1, 5, 3, 1}, {2, 7, 11, 3}, {3, 1, 4, 2}, {1, 100, 9000, 13}, {50, 10, 1, 1}, {2, 3, 0, 4},
};

template <class T>
void check_gather_and_scatter() {
  for (const IndexShape& s : shapes) {
    auto index = random_indices(s.outer * s.count * s.inner, s.length, 3U);
    auto x = testing::random_values<T>(s.outer * s.length * s.inner, 0, 9);
    std::vector<T> y(index.size());
    cpu().gather(dtype_of<T>, s, x.data(), index.data(), y.data());
    std::vector<double> sums;
    for (T value : x) sums.push_back(testing::to_double(value));
    for (i64 at = 0; at < static_cast<i64>(y.size()); ++at) {
      i64 o = at / (s.count * s.inner), i = at % s.inner;
      i64 from = (o * s.length + index[at]) * s.inner + i;
      ASSERT_EQ(testing::to_double(y[at]), testing::to_double(x[from]));
      sums[from] += testing::to_double(y[at]);
    }
    std::vector<T> dx = x;
    cpu().scatter_add(dtype_of<T>, s, y.data(), index.data(), dx.data());
    double tolerance = std::is_same_v<T, bf16> ? 1.0 / 256 : std::is_integral_v<T> ? 0 : 1e-5;
    for (std::size_t k = 0; k < dx.size(); ++k)
      ASSERT_NEAR(testing::to_double(dx[k]), sums[k], tolerance * (1 + sums[k]));
  }
}

TEST(Index, GathersAndScatters) {
  check_gather_and_scatter<double>();
  check_gather_and_scatter<float>();
  check_gather_and_scatter<bf16>();
  check_gather_and_scatter<i64>();
}

template <class T>
void check_select_and_add() {
  for (const IndexShape& s : shapes) {
    auto index = random_indices(s.count, s.length, 4U);
    auto x = testing::random_values<T>(s.outer * s.length * s.inner, 0, 9);
    std::vector<T> y(static_cast<std::size_t>(s.outer * s.count * s.inner));
    cpu().index_select(dtype_of<T>, s, x.data(), index.data(), y.data());
    std::vector<double> sums;
    for (T value : x) sums.push_back(testing::to_double(value));
    for (i64 o = 0; o < s.outer; ++o)
      for (i64 j = 0; j < s.count; ++j)
        for (i64 i = 0; i < s.inner; ++i) {
          i64 from = (o * s.length + index[j]) * s.inner + i;
          double value = testing::to_double(y[(o * s.count + j) * s.inner + i]);
          ASSERT_EQ(value, testing::to_double(x[from]));
          sums[from] += value;
        }
    std::vector<T> dx = x;
    cpu().index_add(dtype_of<T>, s, y.data(), index.data(), dx.data());
    double tolerance = std::is_same_v<T, bf16> ? 1.0 / 256 : std::is_integral_v<T> ? 0 : 1e-5;
    for (std::size_t k = 0; k < dx.size(); ++k)
      ASSERT_NEAR(testing::to_double(dx[k]), sums[k], tolerance * (1 + sums[k]));
  }
}

TEST(Index, SelectsAndAdds) {
  check_select_and_add<double>();
  check_select_and_add<float>();
  check_select_and_add<bf16>();
  check_select_and_add<i64>();
}

TEST(Index, NamesTheIndexAndTheLength) {
  std::vector<float> x(10), y(10);
  for (i64 bad : {i64{5}, i64{-1}}) {
    std::vector<i64> index{0, bad};
    IndexShape s{1, 5, 2, 1};
    for (const std::string& message :
         {error_of([&] { cpu().gather(Dtype::f32, s, x.data(), index.data(), y.data()); }),
          error_of([&] { cpu().scatter_add(Dtype::f32, s, x.data(), index.data(), y.data()); }),
          error_of([&] { cpu().index_select(Dtype::f32, s, x.data(), index.data(), y.data()); }),
          error_of([&] { cpu().index_add(Dtype::f32, s, x.data(), index.data(), y.data()); })}) {
      EXPECT_TRUE(contains(message, "index " + std::to_string(bad) + " at position 1")) << message;
      EXPECT_TRUE(contains(message, "length 5")) << message;
    }
  }
}

}  // namespace
}  // namespace melgrad
