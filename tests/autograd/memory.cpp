#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "kernels/caching_allocator.h"

namespace melgrad {
namespace {

MemoryStats memory() { return backend({}).memory_stats(); }

struct Net {
  Generator generator{1};
  Variable images{rand({8, 3, 16, 16}, generator)};
  Variable kernel{randn({8, 3, 3, 3}, generator, 0, .1), true};
  Variable gamma{ones({8}), true}, beta{zeros({8}), true};
  Variable weight{randn({4, 8 * 8 * 8}, generator, 0, .1), true}, bias{zeros({4}), true};
  Tensor target = from_vector(std::vector<i64>{0, 1, 2, 3, 0, 1, 2, 3});

  double step() {
    Variable y = conv2d(images, kernel, {}, {.padding = 1});
    y = max_pool2d(batch_norm(y, gamma, beta, {.relu = true}), 2);
    Variable loss =
        cross_entropy(linear(dropout(flatten(y, 1), .1, generator), weight, bias), target);
    loss.backward();
    for (Variable* parameter : {&kernel, &gamma, &beta, &weight, &bias}) {
      parameter->mutable_data().add_(parameter->grad(), -.05);
      parameter->zero_grad();
    }
    return loss.item();
  }
};

TEST(Memory, ASteadyLoopTakesNoneFromTheSystemAndLearns) {
  if (CachingAllocator::exact_memory()) GTEST_SKIP() << "nothing is kept";
  Net net;
  double first = net.step();
  net.step();
  i64 allocations = memory().system_allocations;
  std::size_t in_use = memory().in_use;
  double last = 0;
  for (int i = 0; i < 20; ++i) last = net.step();
  EXPECT_EQ(memory().system_allocations, allocations);
  EXPECT_EQ(memory().in_use, in_use);
  EXPECT_LT(last, first);
}

// The graph below a derivative that is 0 throughout gets no gradient, and is freed all the same.
TEST(Memory, WhatGetsNoGradientIsFreedToo) {
  Variable x(ones({3}, Dtype::f64), true);
  Variable z = exp(x);
  Variable y = pow(z, 0);
  EXPECT_GT(z.data().storage().use_count(), 1);
  sum(y).backward();
  EXPECT_EQ(z.data().storage().use_count(), 1);
}

TEST(Memory, NoGradHoldsNoIntermediateValues) {
  Variable x(ones({1000}), true);
  auto in_use_after_chain = [&] {
    std::size_t before = memory().in_use;
    Variable y = x;
    for (int i = 0; i < 10; ++i) y = exp(y * .1);
    return memory().in_use - before;
  };
  std::size_t with_graph = in_use_after_chain();
  NoGrad no_grad;
  EXPECT_LE(in_use_after_chain() * 10, with_graph);  // the last value against all ten
}

TEST(Memory, BackwardPeaksFarBelowTheSumOfGradients) {
  // 50 saved values; their gradients come and go one by one.
  Variable x(ones({100'000}), true);
  Variable y = x;
  for (int i = 0; i < 50; ++i) y = tanh(y);
  Variable root = sum(y);
  y = {};
  std::size_t before = memory().in_use, size = 400'000;
  root.backward();
  EXPECT_LE(memory().in_use, before - 49 * size + size);
}

}  // namespace
}  // namespace melgrad
