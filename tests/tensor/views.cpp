#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

Tensor counted(const Shape& shape) { return arange(shape.numel(), Dtype::f32).reshape(shape); }

std::vector<i64> whole(const Tensor& x) { return x.to_vector<i64>(); }

using Values = std::vector<i64>;

}  // namespace

TEST(Views, ShareMemory) {
  Tensor x = counted({2, 3});
  for (const Tensor& view : {x.reshape({3, 2}), x.transpose(0, 1), x.slice(1, 1, 3), x.select(0, 1),
                             x.expand({4, 2, 3}), x.flip(1), x.unsqueeze(0)}) {
    EXPECT_TRUE(view.shares_storage(x));
  }
  x.select(0, 1).fill_(9);
  EXPECT_EQ(whole(x), (Values{0, 1, 2, 9, 9, 9}));
}

TEST(Views, Permute) {
  Tensor x = counted({2, 3, 4}), y = x.permute({2, 0, -2});
  EXPECT_EQ(y.shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(y.strides(), (Shape{1, 12, 4}));
  EXPECT_EQ(whole(y.select(0, 1)), (Values{1, 5, 9, 13, 17, 21}));
  EXPECT_FALSE(y.is_contiguous());
  EXPECT_TRUE(y.is_dense());
}

TEST(Views, SliceClampsAndSteps) {
  Tensor x = counted({7});
  EXPECT_EQ(whole(x.slice(0, 1, 6, 2)), (Values{1, 3, 5}));
  EXPECT_EQ(whole(x.slice(0, -3, 100)), (Values{4, 5, 6}));
  EXPECT_EQ(whole(x.slice(0, 5, 2)), Values{});
  EXPECT_EQ(whole(x.slice(0, 0, -1, 3)), (Values{0, 3}));
  EXPECT_EQ(whole(x.slice(0, 6, 7, 5)), (Values{6}));
}

TEST(Views, FlipIsANegativeStride) {
  Tensor x = counted({2, 3}), y = x.flip(1);
  EXPECT_EQ(y.strides(), (Shape{3, -1}));
  EXPECT_EQ(whole(y), (Values{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(whole(y.flip(0)), (Values{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(whole(y + x), (Values{2, 2, 2, 8, 8, 8}));
  EXPECT_EQ(whole(square(y)), (Values{4, 1, 0, 25, 16, 9}));
  EXPECT_EQ(whole(sum(y, {0})), (Values{7, 5, 3}));
  EXPECT_EQ(whole(zeros({0, 2}).flip(0)), Values{});
}

// A view wherever the elements' order in memory allows one, as PyTorch's view().
TEST(Views, ReshapeCopiesOnlyWhereItMust) {
  Tensor x = counted({2, 3, 4});
  Tensor cut = x.slice(2, 0, 2);  // rows of 2 with stride 4
  EXPECT_TRUE(cut.reshape({6, 2}).shares_storage(x));
  EXPECT_TRUE(cut.reshape({3, 2, 1, 2}).shares_storage(x));
  EXPECT_FALSE(cut.reshape({12}).shares_storage(x));
  EXPECT_EQ(whole(cut.reshape({12})), (Values{0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21}));
  EXPECT_TRUE(x.transpose(0, 1).reshape({3, 2, 2, 2}).shares_storage(x));
  EXPECT_FALSE(x.transpose(0, 1).reshape({6, 4}).shares_storage(x));
  EXPECT_TRUE(x.expand({5, 2, 3, 4}).reshape({5, 24}).shares_storage(x));
  EXPECT_TRUE(x.flip(2).reshape({6, 4}).shares_storage(x));
  EXPECT_EQ(whole(x.flip(2).reshape({2, 12}).select(0, 0)),
            (Values{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8}));
}

TEST(Views, ReshapeFillsOneSizeIn) {
  Tensor x = counted({2, 6});
  EXPECT_EQ(x.reshape({-1, 3}).shape(), (Shape{4, 3}));
  EXPECT_EQ(scalar(1).reshape({1, 1}).shape(), (Shape{1, 1}));
  EXPECT_EQ(zeros({0, 3}).reshape({3, 0, 2}).shape(), (Shape{3, 0, 2}));
  EXPECT_EQ(error_of([&] {
              x.reshape({5, -1});
            }),
            "[reshape] 12 elements do not fill (5, -1): input (2, 6) f32");
  EXPECT_EQ(error_of([&] {
              x.reshape({-1, -1});
            }),
            "[reshape] only one size may be -1: (2, 6) f32 to (-1, -1)");
  EXPECT_EQ(error_of([&] { x.reshape({13}); }),
            "[reshape] 12 elements do not fill (13,): input (2, 6) f32");
  EXPECT_NE(error_of([] { zeros({0}).reshape({0, -1}); }), "no error");
}

TEST(Views, Flatten) {
  Tensor x = counted({2, 3, 4});
  EXPECT_EQ(x.flatten().shape(), (Shape{24}));
  EXPECT_EQ(x.flatten(1).shape(), (Shape{2, 12}));
  EXPECT_EQ(x.flatten(0, 1).shape(), (Shape{6, 4}));
  EXPECT_EQ(scalar(3).flatten().shape(), (Shape{1}));
  // Channels-last features become rows in the logical order C, H, W.
  Tensor nhwc = counted({2, 3, 2, 2}).channels_last();
  EXPECT_EQ(whole(nhwc.flatten(1)), whole(counted({2, 12})));
  Tensor pooled = counted({2, 3, 1, 1}).channels_last();
  EXPECT_TRUE(pooled.flatten(1).shares_storage(pooled));
}

TEST(Views, ExpandHasStrideZero) {
  Tensor x = counted({3, 1}), y = x.expand({2, 3, 2});
  EXPECT_EQ(y.strides(), (Shape{0, 1, 0}));
  EXPECT_EQ(whole(y), (Values{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}));
  EXPECT_FALSE(y.is_dense());
  EXPECT_EQ(error_of([&] {
              x.expand({2, 2});
            }),
            "[expand] only sizes of 1 stretch: input (3, 1) f32, to (2, 2)");
}

TEST(Views, WriteThrough) {
  Tensor x = zeros({3, 4});
  x.slice(1, 1, 4, 2).copy_(counted({2}));
  EXPECT_EQ(whole(x), (Values{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
  x.transpose(0, 1).select(0, 0).add_(ones({3}), 2);
  EXPECT_EQ(whole(x), (Values{2, 0, 0, 1, 2, 0, 0, 1, 2, 0, 0, 1}));
  x.slice(1, 0, 1).mul_(4);
  EXPECT_EQ(whole(x), (Values{8, 0, 0, 1, 8, 0, 0, 1, 8, 0, 0, 1}));
}

TEST(Views, RefuseWhatIsNotThere) {
  Tensor x = counted({2, 3});
  EXPECT_EQ(error_of([&] { x.select(1, 3); }),
            "[select] there is no index 3 on axis 1 of (2, 3) f32");
  EXPECT_EQ(error_of([&] { x.slice(0, 0, 1, 0); }),
            "[slice] step must be at least 1, not 0: (2, 3) f32");
  EXPECT_EQ(error_of([&] {
              x.permute({0, 0});
            }),
            "[permute] axis 0 is named twice: input (2, 3) f32, axes (0, 0)");
  EXPECT_EQ(error_of([&] { x.permute({0}); }),
            "[permute] 1 axes given: input (2, 3) f32, axes (0,)");
  EXPECT_EQ(error_of([&] { x.squeeze(0); }), "[squeeze] axis 0 is longer than 1: (2, 3) f32");
  EXPECT_EQ(error_of([] { Tensor().reshape({1}); }), "[reshape] the tensor is undefined");
}

TEST(Views, NeverReachOutsideTheirStorage) {
  auto storage = zeros({4}).storage();
  EXPECT_NO_THROW(Tensor(storage, Dtype::f32, {2, 2}, {1, 2}, 0));
  EXPECT_THROW(Tensor(storage, Dtype::f32, {2, 2}, {1, 3}, 0), Error);
  EXPECT_THROW(Tensor(storage, Dtype::f64, {4}, {1}, 0), Error);
  EXPECT_THROW(Tensor(storage, Dtype::f32, {2}, {-1}, 0), Error);
  EXPECT_NO_THROW(Tensor(storage, Dtype::f32, {4}, {-1}, 3));
}

}  // namespace melgrad
