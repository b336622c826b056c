#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

Tensor counted(const Shape& shape) { return arange(shape.numel(), Dtype::f32).reshape(shape); }

using Values = std::vector<i64>;

}  // namespace

TEST(Join, CatAndSplitAreInverse) {
  Tensor x = counted({2, 5, 3});
  for (const Tensor& each : {x, x.permute({2, 1, 0}), x.flip(1)}) {
    for (i64 size : {1, 2, 5, 9}) {
      EXPECT_TRUE(equal(cat(split(each, size, 1), 1), each));
    }
  }
  EXPECT_EQ(split(x, 2, 1).size(), 3U);
  EXPECT_EQ(split(x, 2, 1)[2].shape(), (Shape{2, 1, 3}));
  EXPECT_TRUE(split(x, 2, 1)[2].shares_storage(x));
  EXPECT_EQ(cat({zeros({0, 3}), counted({2, 3})}).shape(), (Shape{2, 3}));
}

TEST(Join, Stack) {
  Tensor a = counted({2}), b = a + 10;
  EXPECT_EQ(stack({a, b}).to_vector<i64>(), (Values{0, 1, 10, 11}));
  EXPECT_EQ(stack({a, b}, -1).to_vector<i64>(), (Values{0, 10, 1, 11}));
}

TEST(Join, PadAndCut) {
  Tensor x = counted({2, 3});
  EXPECT_EQ(pad(x, {1, 0}, {0, 2}, 7).to_vector<i64>(),
            (Values{7, 7, 7, 7, 7, 0, 1, 2, 7, 7, 3, 4, 5, 7, 7}));
  EXPECT_EQ(pad(x, {0, -1}, {-1, 1}, 7).to_vector<i64>(), (Values{1, 2, 7}));
  EXPECT_EQ(pad(x, {0, -4}, {0, 3}, 7).to_vector<i64>(), (Values{7, 7, 7, 7}));
  EXPECT_EQ(pad(x, {0, -2}, {0, -1}).shape(), (Shape{2, 0}));
  EXPECT_EQ(error_of([&] {
              pad(x, {0, -2}, {0, -2});
            }),
            "[pad] cuts off more than there is on axis 1: (0, -2), (0, -2), input (2, 3) f32");
  EXPECT_EQ(error_of([&] { pad(x, {1}, {1}); }),
            "[pad] takes one number before and after each axis: (1,), (1,), input (2, 3) f32");
}

TEST(Join, Refuses) {
  EXPECT_EQ(error_of([] { cat({}); }), "[cat] takes at least one tensor");
  EXPECT_EQ(error_of([] {
              cat({ones({2, 3}), ones({3, 2})}, 1);
            }),
            "[cat] parts differ on another axis than 1: (2, 3) f32 and (3, 2) f32");
  EXPECT_EQ(error_of([] {
              cat({ones({2}), ones({2}, Dtype::f64)});
            }),
            "[cat] operands have different dtypes: (2,) f32 and (2,) f64");
  EXPECT_EQ(error_of([] {
              stack({ones({2}), ones({3})});
            }),
            "[stack] parts differ in shape: (2,) f32 and (3,) f32");
  EXPECT_EQ(error_of([] { split(ones({2}), 0); }),
            "[split] size must be at least 1, not 0: (2,) f32");
}

TEST(Index, GatherReadsAnyLayout) {
  Tensor x = counted({3, 4});
  Tensor index = from_vector<i64>({0, 3, 1, 1, 2, 0}, {3, 2});
  Values expected{0, 3, 5, 5, 10, 8};
  EXPECT_EQ(gather(x, 1, index).to_vector<i64>(), expected);
  Tensor turned = x.transpose(0, 1).contiguous().transpose(0, 1);
  EXPECT_EQ(gather(turned, -1, index).to_vector<i64>(), expected);
  // A column whose stride means nothing.
  Tensor column = counted({3, 7}).slice(1, 2, 3);
  EXPECT_EQ(gather(column, 1, zeros({3, 2}, Dtype::i64)).to_vector<i64>(),
            (Values{2, 2, 9, 9, 16, 16}));
}

TEST(Index, ScatterAddIsGathersTranspose) {
  Tensor index = from_vector<i64>({0, 3, 1, 1, 2, 0}, {3, 2});
  Tensor dy = from_vector<double>({1, 2, 3, 4, 5, 6}, {3, 2});
  Tensor dx = scatter_add(dy, 1, index, {3, 4});
  EXPECT_EQ(dx.to_vector<i64>(), (Values{1, 0, 0, 2, 0, 7, 0, 0, 6, 0, 5, 0}));
  Tensor x = (arange(12, Dtype::f64) + 1).reshape({3, 4});
  EXPECT_EQ(sum(gather(x, 1, index) * dy).item(), sum(x * dx).item());
}

TEST(Index, SelectKeepsTheOrderInMemory) {
  Tensor x = counted({3, 2, 2, 2}).channels_last();
  Tensor y = index_select(x, 0, from_vector<i64>({2, 0, 2, 1}));
  EXPECT_TRUE(y.is_channels_last());
  EXPECT_TRUE(equal(y.select(0, 3), x.select(0, 1)));
  for (i64 axis : {1, 2, 3}) {
    Tensor turned = index_select(x, axis, from_vector<i64>({1, 0}));
    EXPECT_TRUE(equal(turned, x.flip(axis)));
  }
  EXPECT_EQ(index_select(x, 0, zeros({0}, Dtype::i64)).shape(), (Shape{0, 2, 2, 2}));
}

TEST(Index, AddIsSelectsTranspose) {
  Tensor dy = (arange(12, Dtype::f64) + 1).reshape({2, 3, 2}), index = from_vector<i64>({3, 0, 3});
  Tensor x = (arange(16, Dtype::f64) * 3 - 5).reshape({2, 4, 2});
  for (const Tensor& each : {dy, dy.permute({2, 1, 0}).contiguous().permute({2, 1, 0})}) {
    Tensor dx = index_add(each, 1, index, {2, 4, 2});
    EXPECT_EQ(dx.to_vector<i64>(), (Values{3, 4, 0, 0, 0, 0, 6, 8, 9, 10, 0, 0, 0, 0, 18, 20}));
    EXPECT_EQ(sum(index_select(x, 1, index) * each).item(), sum(x * dx).item());
  }
}

TEST(Index, OneHot) {
  EXPECT_EQ(one_hot(from_vector<i64>({2, 0}), 3).to_vector<i64>(), (Values{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(one_hot(from_vector<i64>({2, 0}), 3, Dtype::u8).dtype(), Dtype::u8);
  EXPECT_EQ(error_of([] {
              one_hot(from_vector<i64>({0, 3}), 3);
            }),
            "[one_hot] indices 0 to 3 do not lie within 3 classes: index (2,) i64");
}

TEST(Index, Refuses) {
  Tensor x = counted({3, 4});
  EXPECT_EQ(error_of([&] {
              gather(x, 1, zeros({3, 2}));
            }),
            "[gather] index must be i64: (3, 2) f32");
  EXPECT_EQ(error_of([&] {
              gather(x, 1, zeros({2, 2}, Dtype::i64));
            }),
            "[gather] index and tensor differ on another axis than 1: (2, 2), (3, 4)");
  EXPECT_NE(error_of([&] { gather(x, 1, full({3, 1}, 4, Dtype::i64)); }), "no error");
  EXPECT_NE(error_of([&] { gather(x, 1, full({3, 1}, -1, Dtype::i64)); }), "no error");
  EXPECT_NE(error_of([&] { index_select(x, 0, full({1}, 3, Dtype::i64)); }), "no error");
  EXPECT_NE(error_of([&] { index_add(x, 0, full({3}, 9, Dtype::i64), {3, 4}); }), "no error");
  EXPECT_EQ(error_of([&] {
              index_select(x, 0, zeros({1, 1}, Dtype::i64));
            }),
            "[index_select] index must have one axis: index (1, 1) i64, input (3, 4) f32");
  EXPECT_EQ(error_of([&] {
              scatter_add(x, 0, zeros({3}, Dtype::i64), {3, 4});
            }),
            "[scatter_add] one index for each value: index (3,) i64, values (3, 4) f32");
}

}  // namespace melgrad
