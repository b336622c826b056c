#include <gtest/gtest.h>

#include "autograd/functions.h"

// A recursive walk or destructor overflows the default 8 MiB stack near 100 000 nodes.
namespace melgrad {
namespace {

constexpr int length = 200'000;

Variable chain(const Variable& x, int nodes) {
  Variable y = x;
  for (int i = 0; i < nodes; ++i) y = y + 1;
  return y;
}

TEST(Chains, OfAMillionNodesRunBackward) {
  Variable x(scalar(0, Dtype::f64), true);
  chain(x, 1'000'000).backward();
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Chains, AreDestroyedWithoutBackward) {
  Variable x(scalar(0, Dtype::f64), true);
  Variable y = chain(x, length);
  std::weak_ptr<Function> last = y.creator();
  y = {};
  EXPECT_TRUE(last.expired());
}

TEST(Chains, WhereEachNodeIsUsedTwiceAreDestroyed) {
  Variable x(scalar(1, Dtype::f64), true);
  Variable y = x;
  for (int i = 0; i < length; ++i) {
    Variable same = y;
    y = y - same;
  }
  std::weak_ptr<Function> last = y.creator();
  y = {};
  EXPECT_TRUE(last.expired());
}

TEST(Chains, WithForksAreDestroyed) {
  Variable x(scalar(1, Dtype::f64), true);
  Variable a = x, b = x;
  for (int i = 0; i < length; ++i) {
    Variable next = a - b;
    b = a + b;
    a = next;
  }
  std::weak_ptr<Function> last = a.creator();
  a = b = {};
  EXPECT_TRUE(last.expired());
}

}  // namespace
}  // namespace melgrad
