#include <gtest/gtest.h>

#include "autograd/functions.h"

namespace melgrad {
namespace {

TEST(NoGrad, RecordsAndKeepsNothing) {
  Variable x = Variable(from_vector(std::vector<double>{2}), true);
  {
    NoGrad no_grad;
    Variable y = square(exp(x));
    EXPECT_FALSE(y.requires_grad());
    EXPECT_TRUE(y.is_leaf());
    EXPECT_FALSE(grad_enabled());
  }
  EXPECT_TRUE(grad_enabled());
  EXPECT_EQ(x.data().storage().use_count(), 1);
  EXPECT_TRUE(square(x).requires_grad());
}

TEST(NoGrad, WithinNoGradEndsAlone) {
  NoGrad outer;
  { NoGrad inner; }
  EXPECT_FALSE(grad_enabled());
  EXPECT_FALSE(square(Variable(from_vector(std::vector<double>{2}), true)).requires_grad());
}

}  // namespace
}  // namespace melgrad
