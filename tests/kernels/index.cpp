#include <gtest/gtest.h>

#include "kernels/reference/reference.h"
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
void check_gather_and_scatter(double tolerance) {
  for (const IndexShape& s : shapes) {
    auto index = random_indices(s.outer * s.count * s.inner, s.length, 3U);
    auto x = testing::random_values<T>(s.outer * s.length * s.inner, 0, 9), dx = x;
    std::vector<T> y(index.size());
    std::vector<double> exact_y(y.size()), exact_dx = testing::as_f64(x);
    cpu().gather(dtype_of<T>, s, x.data(), index.data(), y.data());
    reference::gather(s, exact_dx.data(), index.data(), exact_y.data());
    testing::expect_near(y, exact_y, 0);
    cpu().scatter_add(dtype_of<T>, s, y.data(), index.data(), dx.data());
    reference::scatter_add(s, exact_y.data(), index.data(), exact_dx.data());
    testing::expect_near(dx, exact_dx, tolerance);
  }
}

template <class T>
void check_select_and_add(double tolerance) {
  for (const IndexShape& s : shapes) {
    auto index = random_indices(s.count, s.length, 4U);
    auto x = testing::random_values<T>(s.outer * s.length * s.inner, 0, 9), dx = x;
    std::vector<T> y(static_cast<std::size_t>(s.outer * s.count * s.inner));
    std::vector<double> exact_y(y.size()), exact_dx = testing::as_f64(x);
    cpu().index_select(dtype_of<T>, s, x.data(), index.data(), y.data());
    reference::index_select(s, exact_dx.data(), index.data(), exact_y.data());
    testing::expect_near(y, exact_y, 0);
    cpu().index_add(dtype_of<T>, s, y.data(), index.data(), dx.data());
    reference::index_add(s, exact_y.data(), index.data(), exact_dx.data());
    testing::expect_near(dx, exact_dx, tolerance);
  }
}

TEST(Index, FollowsItsFormulas) {
  check_gather_and_scatter<float>(1e-5);
  check_gather_and_scatter<bf16>(1.0 / 256);
  check_gather_and_scatter<i64>(0);
  check_select_and_add<float>(1e-5);
  check_select_and_add<bf16>(1.0 / 256);
  check_select_and_add<i64>(0);
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
