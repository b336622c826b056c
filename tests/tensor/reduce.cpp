#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Doubles = std::vector<double>;

Tensor counted(const Shape& shape) { return arange(shape.numel(), Dtype::f64).reshape(shape); }

/// Every subset of the axes of x, sums by adding one element at a time.
Tensor plain_sum(const Tensor& x, unsigned subset) {
  Shape kept = x.shape();
  for (int i = 0; i < x.rank(); ++i) {
    if (subset >> i & 1U) kept[i] = 1;
  }
  Tensor y = zeros(kept, Dtype::f64);
  Doubles values = x.to_vector<double>();
  Shape strides = x.shape().row_major(), target = kept.row_major();
  for (i64 flat = 0; flat < x.numel(); ++flat) {
    i64 place = 0;
    for (int i = 0; i < x.rank(); ++i) {
      if (kept[i] > 1) place += flat / strides[i] % x.shape()[i] * target[i];
    }
    y.data<double>()[place] += values[static_cast<std::size_t>(flat)];
  }
  return y;
}

}  // namespace

TEST(Reduce, EverySubsetOfAxesInEveryOrderInMemory) {
  Tensor x = counted({2, 3, 4, 5});
  Tensor odd = counted({4, 2, 5, 3}).permute({1, 3, 0, 2});
  for (const Tensor& each : {x, x.channels_last(), odd, x.flip(1), x.slice(3, 1, 5, 2),
                             x.slice(0, 0, 1).expand({2, 3, 4, 5})}) {
    for (unsigned subset = 0; subset < 16; ++subset) {
      Axes axes;
      for (int i = 0; i < 4; ++i) {
        if (subset >> i & 1U) axes.push_back(i);
      }
      Tensor expected = plain_sum(each, subset), y = sum(each, axes, true);
      EXPECT_TRUE(equal(y, expected)) << to_string(axes) << to_string(each.strides());
      EXPECT_TRUE(equal(sum(each, axes).flatten(), expected.flatten()));
      double count = static_cast<double>(each.numel()) / static_cast<double>(expected.numel());
      EXPECT_TRUE(allclose(mean(each, axes, true), expected / count, 1e-14));
    }
  }
}

TEST(Reduce, ShapesWithAndWithoutTheAxis) {
  Tensor x = counted({2, 3, 4});
  EXPECT_EQ(sum(x, {1}).shape(), (Shape{2, 4}));
  EXPECT_EQ(sum(x, {-1, 0}, true).shape(), (Shape{1, 3, 1}));
  EXPECT_EQ(sum(x).shape(), Shape{});
  EXPECT_EQ(argmax(x, 1).shape(), (Shape{2, 4}));
  EXPECT_EQ(argmax(x, 1, true).shape(), (Shape{2, 1, 4}));
}

TEST(Reduce, NoAxesIsACopy) {
  Tensor x = counted({2});
  Tensor y = sum(x, Axes{});
  y.fill_(0);
  EXPECT_EQ(x.to_vector<double>(), (Doubles{0, 1}));
}

TEST(Reduce, EmptyTensors) {
  EXPECT_EQ(sum(zeros({0})).item(), 0);
  EXPECT_EQ(prod(zeros({0}), {0}).item(), 1);
  EXPECT_TRUE(std::isnan(mean(zeros({0})).item()));
  EXPECT_EQ(sum(zeros({2, 0}), {1}).to_vector<double>(), (Doubles{0, 0}));
  EXPECT_EQ(sum(zeros({2, 0}), {0}).numel(), 0);
  EXPECT_EQ(error_of([] {
              max(zeros({2, 0}), {1});
            }),
            "[max] nothing to choose from along axis 1: input (2, 0) f32");
  EXPECT_EQ(error_of([] { argmin(zeros({0})); }),
            "[argmin] nothing to choose from along axis 0: input (0,) f32");
  EXPECT_EQ(max(zeros({2, 0}), {0}).shape(), (Shape{0}));
}

TEST(Reduce, WholeNumbers) {
  Tensor x = full({300}, 200, Dtype::u8);
  EXPECT_EQ(sum(x).dtype(), Dtype::i64);
  EXPECT_EQ(sum(x).item(), 60000);
  EXPECT_EQ(max(x).dtype(), Dtype::u8);
  EXPECT_EQ(max(from_vector<i64>({-5, 3, 2})).item(), 3);
  EXPECT_EQ(min(from_vector<i64>({-5, 3, 2})).item(), -5);
  EXPECT_EQ(error_of([&] { mean(x); }), "[mean] takes f32, f64 or bf16: the operand (300,) u8");
}

TEST(Reduce, ArgmaxTakesTheFirstOfEqualsAndOfNans) {
  Tensor x = from_vector<float>({1, 3, 3, 0, 0, 0}, {2, 3});
  EXPECT_EQ(argmax(x).to_vector<i64>(), (std::vector<i64>{1, 0}));
  EXPECT_EQ(argmin(x).to_vector<i64>(), (std::vector<i64>{0, 0}));
  EXPECT_EQ(argmax(x, 0).to_vector<i64>(), (std::vector<i64>{0, 0, 0}));
  Tensor with_nan = from_vector<double>({1, nan, 3, nan});
  EXPECT_EQ(argmax(with_nan).item(), 1);
  EXPECT_EQ(argmin(with_nan).item(), 1);
  EXPECT_TRUE(std::isnan(max(with_nan).item()));
  Tensor channels = counted({2, 3, 2, 2}).channels_last();
  EXPECT_EQ(sum(argmax(channels, 1)).item(), 16);
}

TEST(Reduce, RefusesAnAxisTwice) {
  EXPECT_EQ(error_of([] {
              sum(zeros({2, 3}), {1, -1});
            }),
            "[sum] axis -1 is named twice in (1, -1): input (2, 3) f32");
}

TEST(Reduce, Variance) {
  Tensor x = from_vector<double>({1, 2, 3, 4, 2, 2, 2, 2}, {2, 4});
  EXPECT_TRUE(allclose(var(x, {1}), from_vector<double>({5.0 / 3, 0}), 1e-15));
  EXPECT_TRUE(allclose(var(x, {1}, 0), from_vector<double>({1.25, 0}), 1e-15));
  EXPECT_TRUE(std::isnan(var(ones({1}), {0}).item()));
  EXPECT_EQ(var(x.to(Dtype::bf16), {1}, 0).to_vector<double>(), (Doubles{1.25, 0}));
}

TEST(Reduce, LogsumexpDoesNotOverflow) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Tensor x =
      from_vector<double>({1000, 1000, -1000, -1000, -infinity, -infinity, infinity, 0}, {4, 2});
  Doubles y = logsumexp(x).to_vector<double>();
  EXPECT_NEAR(y[0], 1000 + std::log(2), 1e-12);
  EXPECT_NEAR(y[1], -1000 + std::log(2), 1e-12);
  EXPECT_EQ(y[2], -infinity);
  EXPECT_EQ(y[3], infinity);
}

// Sums over several passes keep f32 in between: 4096 ones are 4096, though bf16 stops at 256.
TEST(Reduce, Bf16SumsAreWide) {
  Tensor x = ones({64, 2, 64}, Dtype::bf16);
  EXPECT_EQ(sum(x, {0, 2}).to_vector<double>(), (Doubles{4096, 4096}));
  EXPECT_EQ(mean(x).item(), 1);
}

TEST(Reduce, SumToUndoesABroadcast) {
  Tensor x = ones({4, 2, 3});
  EXPECT_EQ(sum_to(x, {2, 1}).to_vector<double>(), (Doubles{12, 12}));
  EXPECT_EQ(sum_to(x, {2, 1}).shape(), (Shape{2, 1}));
  EXPECT_EQ(sum_to(x, {}).item(), 24);
  EXPECT_TRUE(sum_to(x, x.shape()).shares_storage(x));
  EXPECT_EQ(error_of([&] {
              sum_to(x, {3, 3});
            }),
            "[sum_to] (3, 3) does not broadcast to the input: (4, 2, 3) f32");
}

// Sums of rows that are not the end yet are not rounded: 257 is not a bf16, 1024 is.
TEST(Reduce, SumsOfBf16AreRoundedOnce) {
  std::vector<double> rows;
  for (int row = 0; row < 4; ++row)
    for (int middle = 0; middle < 2; ++middle)
      for (double value : {row < 3 ? 128. : 124., 128., 1.}) rows.push_back(value);
  Tensor x = from_vector(rows, {4, 2, 3}).to(Dtype::bf16);
  EXPECT_EQ(sum(x, {0, 2}).to_vector<double>(), (std::vector<double>{1024, 1024}));
}

}  // namespace melgrad
