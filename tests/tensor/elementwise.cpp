#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
using Doubles = std::vector<double>;

}  // namespace

TEST(Elementwise, NumbersTakeTheTensorsDtype) {
  Tensor x = from_vector<i64>({1, 2, 3});
  EXPECT_EQ((x * 2 + 1).to_vector<i64>(), (std::vector<i64>{3, 5, 7}));
  EXPECT_EQ((10 - x).to_vector<i64>(), (std::vector<i64>{9, 8, 7}));
  EXPECT_EQ((x - 1).to_vector<i64>(), (std::vector<i64>{0, 1, 2}));
  Tensor bytes = from_vector<u8>({5, 6});
  EXPECT_EQ((bytes - 4).to_vector<u8>(), (std::vector<u8>{1, 2}));
  EXPECT_EQ(error_of([&] { return x * .5; }), "[mul] 0.5 cannot be a number of dtype i64");
  EXPECT_EQ(error_of([&] { return bytes + 256; }), "[add] 256 cannot be a number of dtype u8");
  EXPECT_EQ(error_of([&] { return x > .5; }), "[>] 0.5 cannot be a number of dtype i64");
}

TEST(Elementwise, ZeroDimensionalOperandsTakeTheOthersDtype) {
  Tensor x = from_vector<float>({1, 2});
  Tensor y = x * scalar(3, Dtype::f64);
  EXPECT_EQ(y.dtype(), Dtype::f32);
  EXPECT_EQ(y.to_vector<double>(), (Doubles{3, 6}));
  EXPECT_EQ((scalar(1, Dtype::i64) + x).dtype(), Dtype::f32);
  EXPECT_EQ(error_of([] { return from_vector<i64>({1}) + scalar(.5); }),
            "[add] a fraction does not become a whole number: () f32 and (1,) i64");
}

TEST(Elementwise, RefusesOtherMixtures) {
  Tensor x = ones({2}), y = ones({2}, Dtype::f64);
  EXPECT_EQ(error_of([&] { return x + y; }),
            "[add] operands have different dtypes: (2,) f32 and (2,) f64");
  EXPECT_EQ(error_of([&] { return exp(from_vector<i64>({1})); }),
            "[exp] takes f32, f64 or bf16: the operand (1,) i64");
  EXPECT_EQ(error_of([&] { return from_vector<i64>({1}) / from_vector<i64>({1}); }),
            "[div] takes f32, f64 or bf16: the operand (1,) i64");
  EXPECT_EQ(error_of([&] { return x + Tensor(); }),
            "[add] the second operand is an undefined tensor");
  EXPECT_EQ(error_of([&] { return x + ones({3}); }),
            "[add] shapes do not broadcast, 2 against 3 from the end: (2,) and (3,)");
  EXPECT_EQ(error_of([&] { return where(x, x, x); }), "[where] condition must be u8: (2,) f32");
  EXPECT_EQ(error_of([&] { return clamp(x, std::nan(""), 1); }),
            "[clamp] a bound is NaN: low nan, high 1, (2,) f32");
  EXPECT_EQ(error_of([&] {
              x.clone().add_(ones({2, 2}));
            }),
            "[add_] the target cannot grow: (2,) f32 += (2, 2) f32");
}

TEST(Elementwise, NanStaysNan) {
  Tensor x = from_vector<double>({nan, -1, infinity, 0});
  for (const Tensor& y : {relu(x), clamp(x, 0, 1), maximum(x, zeros({4}, Dtype::f64)), x * 0,
                          minimum(zeros({4}, Dtype::f64), x), abs(x), leaky_relu(x)}) {
    EXPECT_TRUE(std::isnan(y.to_vector<double>()[0]));
    EXPECT_FALSE(std::isnan(y.to_vector<double>()[1]));
  }
  EXPECT_EQ(isnan(x).to_vector<u8>(), (std::vector<u8>{1, 0, 0, 0}));
  EXPECT_EQ(isfinite(x).to_vector<u8>(), (std::vector<u8>{0, 1, 0, 1}));
  EXPECT_EQ((x == x).to_vector<u8>(), (std::vector<u8>{0, 1, 1, 1}));
  EXPECT_EQ((x != x).to_vector<u8>(), (std::vector<u8>{1, 0, 0, 0}));
}

TEST(Elementwise, MultiplyingKeepsTheSignOfZero) {
  for (Dtype dtype : {Dtype::f32, Dtype::f64}) {
    Tensor zero = scalar(0, dtype);
    EXPECT_TRUE(std::signbit((zero * -1).item()));
    EXPECT_FALSE(std::signbit((zero * 1).item()));
    EXPECT_TRUE(std::signbit((-zero).item()));
  }
}

// x / 3 is a division, not a product with a rounded third.
TEST(Elementwise, DividingByANumberIsExact) {
  Tensor x = arange(256, Dtype::f32);
  std::vector<float> y = (x / 255).to_vector<float>();
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(y[static_cast<std::size_t>(i)], static_cast<float>(i) / 255.0F);
  }
}

TEST(Elementwise, EmptyTensors) {
  Tensor x = zeros({0, 3});
  EXPECT_EQ((x + ones({3})).shape(), (Shape{0, 3}));
  EXPECT_EQ(exp(x).shape(), (Shape{0, 3}));
  EXPECT_EQ((x == x).numel(), 0);
  EXPECT_EQ(where(x > 0, x, x).shape(), (Shape{0, 3}));
  EXPECT_TRUE(equal(x, x));
  EXPECT_TRUE(allclose(x, x));
}

TEST(Elementwise, BroadcastsEveryRank) {
  Tensor x = arange(6, Dtype::f64).reshape({2, 1, 3}), y = arange(4, Dtype::f64).reshape({4, 1});
  Tensor z = x * 10 + y;
  EXPECT_EQ(z.shape(), (Shape{2, 4, 3}));
  Doubles values = z.to_vector<double>();
  for (int i = 0; i < 24; ++i) {
    int a = i / 12, b = i / 3 % 4, c = i % 3;
    EXPECT_EQ(values[static_cast<std::size_t>(i)], 10 * (3 * a + c) + b);
  }
  // Two operands of which neither has the result's shape, neither dense.
  Tensor w = x.flip(2).expand({2, 4, 3}) - y.flip(0);
  EXPECT_EQ(w.slice(0, 0, 1).to_vector<double>(),
            (Doubles{-1, -2, -3, 0, -1, -2, 1, 0, -1, 2, 1, 0}));
}

TEST(Elementwise, WhereChooses) {
  Tensor condition = from_vector<u8>({1, 0}).reshape({2, 1});
  Tensor y = where(condition, scalar(5), arange(3, Dtype::f32));
  EXPECT_EQ(y.to_vector<double>(), (Doubles{5, 5, 5, 0, 1, 2}));
}

TEST(Compare, AllcloseIsStrictAboutInfinityAndNan) {
  Tensor x = from_vector<double>({1, nan, infinity});
  EXPECT_TRUE(allclose(x, x));
  EXPECT_FALSE(allclose(x, from_vector<double>({1, nan, 1e300})));
  EXPECT_FALSE(allclose(from_vector<double>({1, nan, 1e300}), x));
  EXPECT_FALSE(allclose(x, from_vector<double>({1, 1, infinity})));
  EXPECT_FALSE(allclose(x, from_vector<double>({1.001, nan, infinity})));
  EXPECT_TRUE(allclose(x, from_vector<double>({1.001, nan, infinity}), 1e-2));
  EXPECT_FALSE(allclose(x, x.to(Dtype::f32)));
  EXPECT_FALSE(allclose(x, x.reshape({1, 3})));
  EXPECT_FALSE(equal(x, x));  // NaN equals nothing
}

TEST(Tensor, HostAccessIsChecked) {
  Tensor x = arange(3, Dtype::f32);
  EXPECT_EQ(x.data<float>()[2], 2);
  EXPECT_EQ(x.slice(0, 1, 3).data<float>()[0], 1);
  EXPECT_EQ(error_of([&] { x.data<double>(); }), "[data] asked for f64, the tensor is (3,) f32");
  EXPECT_EQ(error_of([&] { x.item(); }), "[item] takes a tensor of one element: (3,) f32");
  EXPECT_EQ(error_of([] { Tensor().data<float>(); }), "[data] the tensor is undefined");
  EXPECT_EQ(x.slice(0, 2, 3).item(), 2);
  EXPECT_EQ(error_of([] {
              from_vector<float>({1, 2, 3}, {2});
            }),
            "[from_vector] 3 values do not fill shape (2,)");
  EXPECT_EQ(error_of([&] { return x.dim(1); }), "[dim] there is no axis 1 in a tensor of 1 axes");
}

TEST(Create, FillsAsAsked) {
  EXPECT_EQ(full({2}, 7, Dtype::i64).to_vector<i64>(), (std::vector<i64>{7, 7}));
  EXPECT_EQ(arange(3, Dtype::u8).to_vector<i64>(), (std::vector<i64>{0, 1, 2}));
  EXPECT_EQ(linspace(0, 1, 3).to_vector<double>(), (Doubles{0, .5, 1}));
  EXPECT_EQ(linspace(.1, .3, 7, Dtype::f64).to_vector<double>()[6], .3);
  EXPECT_EQ(linspace(2, 9, 1).to_vector<double>(), (Doubles{2}));
  EXPECT_EQ(zeros({2, 0}).numel(), 0);
  EXPECT_EQ(error_of([] { full({2}, 1.5, Dtype::i64); }),
            "[fill_] 1.5 cannot be a number of dtype i64");
  EXPECT_EQ(error_of([] { empty({-1}); }), "[empty] negative size: (-1,)");
  EXPECT_NE(error_of([] { arange(300, Dtype::u8); }), "no error");
}

}  // namespace melgrad
