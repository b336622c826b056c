#include "autograd/autocast.h"

#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "tests/autograd/expect_error.h"

namespace melgrad {
namespace {

Variable uniform(const Shape& shape, u64 seed, bool wanted = true) {
  Generator generator(seed);
  return {rand(shape, generator, -1, 1), wanted};
}

TEST(Autocasting, ProductsAndWhatFollowsRunInBf16AndTheRestInF32) {
  Autocast autocast(Dtype::bf16);
  Variable x = uniform({4, 8}, 1, false), weight = uniform({3, 8}, 2), bias = uniform({3}, 3);
  Variable y = linear(x, weight, bias);
  EXPECT_EQ(y.dtype(), Dtype::bf16);
  EXPECT_EQ(relu(y).dtype(), Dtype::bf16);
  EXPECT_EQ(softmax(y).dtype(), Dtype::f32);
  Statistics statistics;
  EXPECT_EQ(batch_norm(y, {}, bias, {}, &statistics).dtype(), Dtype::bf16);
  EXPECT_EQ(statistics.mean.dtype(), Dtype::f32);
  EXPECT_EQ(batch_norm(y, statistics, bias, bias).dtype(), Dtype::bf16);
  EXPECT_EQ(sum(y).dtype(), Dtype::f32);
  EXPECT_EQ((y + bias).dtype(), Dtype::f32);
  EXPECT_EQ(cat({y, linear(x, weight), uniform({4, 3}, 4)}).dtype(), Dtype::f32);
  EXPECT_EQ(cross_entropy(y, from_vector(std::vector<i64>{0, 1, 2, 0})).dtype(), Dtype::f32);
}

TEST(Autocasting, GradientsReachParametersAsF32AndNearTheExactOnes) {
  Variable x = uniform({16, 8}, 1, false), weight = uniform({3, 8}, 2), bias = uniform({3}, 3);
  Tensor target = from_vector(std::vector<i64>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0});
  cross_entropy(linear(x, weight, bias), target).backward();
  Tensor exact = weight.grad();
  weight.zero_grad();
  {
    Autocast autocast(Dtype::bf16);
    cross_entropy(linear(x, weight, bias), target).backward();
  }
  EXPECT_EQ(weight.dtype(), Dtype::f32);
  EXPECT_EQ(weight.grad().dtype(), Dtype::f32);
  EXPECT_EQ(bias.grad().dtype(), Dtype::f32);
  // bf16 has 8 bits: 2^-8 of values up to 1, as scores and as the gradient itself.
  EXPECT_TRUE(allclose(weight.grad(), exact, 0, 4e-3));
  EXPECT_FALSE(equal(weight.grad(), exact));
}

TEST(Autocasting, LeavesF64AloneAndEnds) {
  Variable a(ones({2, 2}, Dtype::f64)), b(ones({2, 2}));
  {
    Autocast autocast(Dtype::bf16);
    EXPECT_EQ(matmul(a, a).dtype(), Dtype::f64);
    Autocast off(Dtype::f32);
    EXPECT_EQ(matmul(b, b).dtype(), Dtype::f32);
  }
  EXPECT_EQ(autocast_dtype(), Dtype::f32);
  EXPECT_EQ(matmul(b, b).dtype(), Dtype::f32);
}

TEST(Autocasting, RefusesOtherDtypes) { EXPECT_ERROR(Autocast{Dtype::i64}, "[autocast]"); }

}  // namespace
}  // namespace melgrad
