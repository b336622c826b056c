#include "tensor/layout.h"

#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

Tensor counted(const Shape& shape) { return arange(shape.numel(), Dtype::f32).reshape(shape); }

}  // namespace

TEST(Layout, ChannelsLastIsAMatterOfStrides) {
  Tensor x = counted({2, 3, 4, 5}), y = x.channels_last();
  EXPECT_EQ(y.shape(), x.shape());
  EXPECT_EQ(y.strides(), (Shape{60, 1, 15, 3}));
  EXPECT_TRUE(y.is_channels_last());
  EXPECT_FALSE(y.is_contiguous());
  EXPECT_TRUE(equal(x, y));
  EXPECT_TRUE(y.channels_last().shares_storage(y));
  EXPECT_TRUE(equal(x, y.contiguous()));
}

// The stride of an axis of size 1 means nothing: one channel lies both ways at once.
TEST(Layout, OneChannelIsBothOrders) {
  Tensor x = counted({2, 1, 4, 5});
  EXPECT_TRUE(x.is_contiguous());
  EXPECT_TRUE(x.is_channels_last());
  EXPECT_TRUE(x.channels_last().shares_storage(x));
  Tensor pixel = counted({2, 3, 1, 1});
  EXPECT_TRUE(pixel.is_contiguous() && pixel.is_channels_last());
  Tensor one_of_three = counted({2, 3, 4, 5}).channels_last().slice(1, 1, 2);
  EXPECT_FALSE(one_of_three.is_dense());
}

TEST(Layout, ElementwiseOperationsKeepTheOrder) {
  Tensor x = counted({2, 3, 4, 5}).channels_last();
  Tensor channel = counted({3, 1, 1});
  EXPECT_TRUE(relu(x).is_channels_last());
  EXPECT_TRUE((x + x).is_channels_last());
  EXPECT_TRUE((x + channel).is_channels_last());
  EXPECT_TRUE((channel * x).is_channels_last());
  EXPECT_TRUE((x > channel).is_channels_last());
  EXPECT_TRUE(where(x > 3, x, channel).is_channels_last());
  EXPECT_TRUE(x.to(Dtype::f64).is_channels_last());
  EXPECT_TRUE(x.clone().is_channels_last());
  EXPECT_TRUE(zeros_like(x).is_channels_last());
  EXPECT_TRUE(cat({x, x}, 1).is_channels_last());
  EXPECT_TRUE(pad(x, {0, 0, 1, 1}, {0, 0, 1, 1}).is_channels_last());
  EXPECT_TRUE(index_select(x, 0, arange(1)).is_channels_last());
  EXPECT_TRUE(softmax(x, 1).is_channels_last());
  EXPECT_TRUE(cat({counted({2, 1, 4, 5}).channels_last(), x}, 1).is_contiguous());
}

TEST(Layout, MixedOrdersGiveTheSameValues) {
  Tensor x = counted({2, 3, 4, 5}), y = x.channels_last(), z = x.permute({3, 2, 1, 0}).contiguous();
  Tensor back = z.permute({3, 2, 1, 0});
  EXPECT_TRUE(equal(x + y, x + x));
  EXPECT_TRUE(equal(y * x, x * x));
  EXPECT_TRUE(equal(back - y, zeros(x.shape())));
  EXPECT_TRUE(equal(maximum(back, x.slice(0, 0, 1)), maximum(x, x.slice(0, 0, 1))));
  Tensor sum_in_place = y.clone().add_(x);
  EXPECT_TRUE(equal(sum_in_place, x + x));
  EXPECT_TRUE(sum_in_place.is_channels_last());
}

TEST(Layout, MemoryOrderPutsAxesOfSizeOneLastAmongEquals) {
  EXPECT_EQ(memory_order({2, 3, 4, 5}, {60, 1, 15, 3}), (Shape{0, 2, 3, 1}));
  EXPECT_EQ(memory_order({2, 1, 4, 5}, {20, 1, 5, 1}), (Shape{0, 2, 3, 1}));
  EXPECT_EQ(memory_order({2, 1, 4, 5}, {20, 20, 5, 1}), (Shape{0, 1, 2, 3}));
  EXPECT_EQ(memory_order({2, 3}, {-3, 1}), (Shape{0, 1}));
}

TEST(Layout, InPlaceWritesAreCounted) {
  Tensor x = zeros({4});
  u64 before = x.storage()->version();
  x.fill_(1);
  x.add_(x);
  x.mul_(2);
  x.slice(0, 1, 3).copy_(ones({2}));
  EXPECT_EQ(x.storage()->version(), before + 4);
  relu(x);
  EXPECT_EQ(x.storage()->version(), before + 4);
}

TEST(Layout, CopiesOntoItselfAreRight) {
  Tensor x = counted({6});
  x.slice(0, 1, 6).copy_(x.slice(0, 0, 5));
  EXPECT_EQ(x.to_vector<i64>(), (std::vector<i64>{0, 0, 1, 2, 3, 4}));
  Tensor y = counted({3, 3});
  y.copy_(y.transpose(0, 1));
  EXPECT_EQ(y.to_vector<i64>(), (std::vector<i64>{0, 3, 6, 1, 4, 7, 2, 5, 8}));
  Tensor z = counted({4});
  z.copy_(z.flip(0));
  EXPECT_EQ(z.to_vector<i64>(), (std::vector<i64>{3, 2, 1, 0}));
  Tensor w = counted({2, 2});
  w.add_(w.transpose(0, 1));
  EXPECT_EQ(w.to_vector<i64>(), (std::vector<i64>{0, 3, 3, 6}));
  Tensor r = counted({4});
  r.add_(r.slice(0, 0, 1));
  EXPECT_EQ(r.to_vector<i64>(), (std::vector<i64>{0, 1, 2, 3}));
}

TEST(Layout, ExpandedTargetsAreRefused) {
  Tensor x = zeros({3, 1}).expand({3, 2});
  EXPECT_EQ(error_of([&] {
              x.copy_(ones({3, 2}));
            }),
            "[copy_] the target is an expanded view, whose elements share memory: (3, 2) f32");
  EXPECT_NE(error_of([&] { x.fill_(1); }), "no error");
  EXPECT_NE(error_of([&] { x.add_(x); }), "no error");
}

TEST(Layout, CopyConverts) {
  Tensor x = from_vector<double>({1.75, -2.5, 300, 0.125});
  EXPECT_EQ(x.to(Dtype::i64).to_vector<i64>(), (std::vector<i64>{1, -2, 300, 0}));
  EXPECT_EQ(x.to(Dtype::bf16).to_vector<double>(), (std::vector<double>{1.75, -2.5, 300, 0.125}));
  EXPECT_EQ(x.to(Dtype::u8).to_vector<u8>(), (std::vector<u8>{1, 0, 255, 0}));
  Tensor target = zeros({4}, Dtype::i64);
  target.copy_(x);
  EXPECT_EQ(target.to_vector<i64>()[2], 300);
}

}  // namespace melgrad
