#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

std::vector<ReduceShape> awkward_shapes() {
  std::vector<ReduceShape> shapes;
  for (i64 outer : {1, 3})
    for (i64 length : {0, 1, 2, 31, 33, 257, 4099})
      for (i64 inner : {1, 3, 32, 255, 257}) shapes.push_back({outer, length, inner});
  for (i64 length : {32768, 100003, 300007}) shapes.push_back({1, length, 1});  // several pieces
  shapes.push_back({1, 3001, 97});
  shapes.push_back({70, 5, 1});
  shapes.push_back({2, 40, 3001});
  shapes.push_back({0, 5, 3});
  shapes.push_back({2, 5, 0});
  return shapes;
}
constexpr i64 most_values = 3 * 4099 * 257;

template <class T>
void check_reduce(ReduceOp op, double tolerance) {
  double low = op == ReduceOp::prod ? .9 : -1, high = op == ReduceOp::prod ? 1.11 : 2;
  const auto all = testing::random_values<T>(most_values, low, high);  // to draw is what takes time
  for (const ReduceShape& s : awkward_shapes()) {
    bool needs_values = op == ReduceOp::max || op == ReduceOp::min;
    if (needs_values && s.length == 0) continue;
    if (op == ReduceOp::prod && s.length > 5000) continue;  // overflows f32
    std::vector<T> x(all.begin(), all.begin() + s.outer * s.length * s.inner);
    std::vector<T> y(static_cast<std::size_t>(s.outer * s.inner));
    std::vector<double> exact(y.size());
    cpu().reduce(op, dtype_of<T>, s, x.data(), y.data());
    reference::reduce(op, s, testing::as_f64(x).data(), exact.data());
    SCOPED_TRACE(
        format("operation {} of ({}, {}, {})", static_cast<int>(op), s.outer, s.length, s.inner));
    testing::expect_near(y, exact, tolerance);
  }
}

// f32 is summed in f64, so the result is the exact sum rounded once: half an ulp.
TEST(Reduce, IsExactToTheLastPlace) {
  for (ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::max, ReduceOp::min}) {
    check_reduce<float>(op, 6e-8);
    check_reduce<bf16>(op, 1.0 / 256);
  }
  check_reduce<float>(ReduceOp::prod, 6e-8);
}

TEST(Reduce, ReducesIntegers) {
  for (ReduceOp op : {ReduceOp::sum, ReduceOp::max, ReduceOp::min}) check_reduce<i64>(op, 0);
  for (ReduceOp op : {ReduceOp::max, ReduceOp::min}) check_reduce<u8>(op, 0);
  std::vector<u8> x(300, 1);
  u8 sum = 0;
  cpu().reduce(ReduceOp::sum, Dtype::u8, {1, 300, 1}, x.data(), &sum);
  EXPECT_EQ(sum, 300 % 256) << "wraps around";
  EXPECT_THROW(cpu().reduce(ReduceOp::mean, Dtype::u8, {1, 300, 1}, x.data(), &sum), Error);
}

TEST(Reduce, FindsNanAnywhere) {
  for (i64 length : {1, 31, 33, 1000, 100003})
    for (i64 at : {i64{0}, length / 2, length - 1})
      for (ReduceOp op : {ReduceOp::sum, ReduceOp::max, ReduceOp::min}) {
        std::vector<float> x(static_cast<std::size_t>(length), 1);
        x[at] = std::nanf("");
        float y = 0;
        cpu().reduce(op, Dtype::f32, {1, length, 1}, x.data(), &y);
        EXPECT_TRUE(std::isnan(y)) << length << " values, NaN at " << at;
        i64 index = -1;
        cpu().arg_reduce(op == ReduceOp::max, Dtype::f32, {1, length, 1}, x.data(), &index);
        EXPECT_EQ(index, at);
      }
}

TEST(Reduce, OfInfinitiesAndOfNothing) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x(40, -inf);
  float y = 0;
  cpu().reduce(ReduceOp::max, Dtype::f32, {1, 40, 1}, x.data(), &y);
  EXPECT_EQ(y, -inf);
  cpu().reduce(ReduceOp::prod, Dtype::f32, {1, 0, 1}, nullptr, &y);
  EXPECT_EQ(y, 1);
  EXPECT_THROW(cpu().reduce(ReduceOp::max, Dtype::f32, {1, 0, 1}, nullptr, &y), Error);
  i64 index = 0;
  EXPECT_THROW(cpu().arg_reduce(true, Dtype::f32, {1, 0, 1}, nullptr, &index), Error);
}

TEST(Reduce, DoesNotDependOnTheThreads) {
  auto x = testing::random_values<float>(1'000'003);
  auto sums = testing::with_1_2_64_threads([&] {
    std::vector<float> y(1);
    cpu().reduce(ReduceOp::sum, Dtype::f32, {1, 1'000'003, 1}, x.data(), y.data());
    return y;
  });
  EXPECT_TRUE(testing::same_bits(sums[0], sums[1]) && testing::same_bits(sums[0], sums[2]));
  auto columns = testing::with_1_2_64_threads([&] {
    std::vector<float> y(96);
    cpu().reduce(ReduceOp::sum, Dtype::f32, {1, 10000, 96}, x.data(), y.data());
    return y;
  });
  EXPECT_TRUE(testing::same_bits(columns[0], columns[1]));
  EXPECT_TRUE(testing::same_bits(columns[0], columns[2]));
}

TEST(ArgReduce, TakesTheFirstOfEquals) {
  for (const ReduceShape& s : awkward_shapes()) {
    if (s.length == 0) continue;
    auto x = testing::random_values<float>(s.outer * s.length * s.inner, -9, 9);
    for (float& value : x) value = std::round(value);  // many are equal
    for (bool largest : {true, false}) {
      std::vector<i64> y(static_cast<std::size_t>(s.outer * s.inner));
      std::vector<i64> exact = y;
      cpu().arg_reduce(largest, Dtype::f32, s, x.data(), y.data());
      reference::arg_reduce(largest, s, testing::as_f64(x).data(), exact.data());
      ASSERT_EQ(y, exact);
    }
  }
}

}  // namespace
}  // namespace melgrad
