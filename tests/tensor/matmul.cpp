#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

Tensor counted(const Shape& shape) { return arange(shape.numel(), Dtype::f64).reshape(shape); }

/// y[i,j] = Σ_l a[i,l] b[l,j], one product at a time, so that it can only be right.
Tensor plain(const Tensor& a, const Tensor& b) {
  Tensor y = zeros({a.dim(0), b.dim(1)}, Dtype::f64);
  for (i64 i = 0; i < a.dim(0); ++i) {
    for (i64 j = 0; j < b.dim(1); ++j) {
      double sum = 0;
      for (i64 l = 0; l < a.dim(1); ++l) {
        sum += a.select(0, i).select(0, l).item() * b.select(0, l).select(0, j).item();
      }
      y.select(0, i).select(0, j).fill_(sum);
    }
  }
  return y;
}

}  // namespace

TEST(Matmul, EveryWayAMatrixCanLie) {
  for (auto [rows, cols] : {std::pair<i64, i64>{3, 4}, {1, 4}, {3, 1}, {1, 1}, {2, 2}}) {
    Tensor big = counted({2 * rows, 3 * cols});
    std::vector<Tensor> ways = {
        counted({rows, cols}),
        counted({cols, rows}).transpose(0, 1),
        big.slice(0, 1, rows + 1).slice(1, 2, cols + 2),
        big.slice(0, 0, 2 * rows, 2).slice(1, 0, 3 * cols, 3),
        counted({rows, cols}).flip(0),
        counted({rows, cols}).flip(1),
        counted({1, cols}).expand({rows, cols}),
        counted({rows, 1}).expand({rows, cols}),
    };
    for (const Tensor& a : ways) {
      for (const Tensor& b : ways) {
        Tensor bt = b.transpose(0, 1);
        Tensor y = matmul(a, bt);
        EXPECT_TRUE(equal(y, plain(a, bt))) << to_string(a.strides()) << to_string(b.strides());
        if (rows != 3 || cols != 4) continue;  // each f32 layout costs oneDNN some milliseconds
        EXPECT_TRUE(allclose(matmul(a.to(Dtype::f32), bt.to(Dtype::f32)), y.to(Dtype::f32), 1e-6));
      }
    }
  }
}

TEST(Matmul, BatchesBroadcast) {
  Tensor a = counted({2, 1, 3, 4}), b = counted({5, 4, 2});
  Tensor y = matmul(a, b);
  EXPECT_EQ(y.shape(), (Shape{2, 5, 3, 2}));
  for (i64 i = 0; i < 2; ++i) {
    for (i64 j = 0; j < 5; ++j) {
      Tensor expected = plain(a.select(0, i).select(0, 0), b.select(0, j));
      EXPECT_TRUE(equal(y.select(0, i).select(0, j), expected));
    }
  }
  Tensor turned = matmul(counted({4, 2, 3}).permute({1, 2, 0}), b.select(0, 0));
  EXPECT_TRUE(equal(turned.select(0, 1),
                    plain(counted({4, 2, 3}).permute({1, 2, 0}).select(0, 1), b.select(0, 0))));
}

TEST(Matmul, VectorsAreRowsOrColumns) {
  Tensor a = counted({3}), b = counted({3, 2}), c = counted({4, 2, 3});
  EXPECT_EQ(matmul(a, b).shape(), (Shape{2}));
  EXPECT_EQ(matmul(a, a).shape(), Shape{});
  EXPECT_EQ(matmul(a, a).item(), 5);
  EXPECT_EQ(matmul(c, a).shape(), (Shape{4, 2}));
  EXPECT_EQ(matmul(a, c.transpose(1, 2)).shape(), (Shape{4, 2}));
  EXPECT_TRUE(equal(matmul(a, c.transpose(1, 2)), matmul(c, a)));
}

TEST(Matmul, NothingToAdd) {
  EXPECT_EQ(sum(matmul(zeros({2, 0}), zeros({0, 3}))).item(), 0);
  EXPECT_EQ(matmul(zeros({2, 0}), zeros({0, 3})).shape(), (Shape{2, 3}));
  EXPECT_EQ(matmul(zeros({0, 2}), zeros({2, 3})).shape(), (Shape{0, 3}));
  EXPECT_EQ(matmul(zeros({0, 4, 2}), zeros({2, 3})).shape(), (Shape{0, 4, 3}));
  EXPECT_EQ(matmul(zeros({5, 4, 0}), zeros({0, 3})).shape(), (Shape{5, 4, 3}));
  EXPECT_EQ(linear(zeros({2, 0}), zeros({3, 0}), ones({3})).to_vector<double>(),
            (std::vector<double>{1, 1, 1, 1, 1, 1}));
}

TEST(Matmul, Linear) {
  Tensor x = counted({2, 3, 4}), weight = counted({5, 4}), bias = counted({5});
  Tensor y = linear(x, weight, bias);
  EXPECT_EQ(y.shape(), (Shape{2, 3, 5}));
  EXPECT_TRUE(equal(y, matmul(x, weight.transpose(0, 1)) + bias));
  EXPECT_TRUE(
      equal(linear(x.select(0, 1).select(0, 2), weight, bias), y.select(0, 1).select(0, 2)));
  EXPECT_TRUE(equal(linear(x.permute({1, 0, 2}), weight),
                    matmul(x, weight.transpose(0, 1)).permute({1, 0, 2})));
}

TEST(Matmul, Refuses) {
  EXPECT_EQ(error_of([] {
              matmul(ones({2, 3}), ones({4, 2}));
            }),
            "[matmul] left has 3 columns, right has 4 rows: (2, 3) f32, (4, 2) f32");
  EXPECT_EQ(error_of([] {
              matmul(ones({2, 3, 3}), ones({5, 3, 3}));
            }),
            "[matmul] shapes do not broadcast, 2 against 5 from the end: (2,) and (5,)");
  EXPECT_EQ(error_of([] { matmul(scalar(1), ones({1})); }),
            "[matmul] a 0-d tensor has no rows or columns: () f32, (1,) f32");
  EXPECT_EQ(error_of([] {
              matmul(ones({1, 1}), ones({1, 1}, Dtype::f64));
            }),
            "[matmul] operands have different dtypes: (1, 1) f32 and (1, 1) f64");
  EXPECT_EQ(error_of([] {
              matmul(ones({1, 1}, Dtype::i64), ones({1, 1}, Dtype::i64));
            }),
            "[matmul] takes f32, f64 or bf16: the left operand (1, 1) i64");
  EXPECT_EQ(error_of([] {
              linear(ones({2, 3}), ones({5, 4}));
            }),
            "[linear] input's last axis must be weight's 4 columns: input (2, 3) f32, "
            "weight (5, 4) f32");
  EXPECT_EQ(error_of([] {
              linear(ones({2, 3}), ones({5, 3}), ones({3}));
            }),
            "[linear] bias must be (5,): bias (3,) f32, weight (5, 3) f32");
}

}  // namespace melgrad
