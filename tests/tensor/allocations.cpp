#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "kernels/sanitizers.h"
#include "tensor/ops.h"

// An operation whose checks pass takes memory for its result and for nothing else: no text of an error is
// put together.
#if !MELGRAD_ASAN && !MELGRAD_TSAN

static std::atomic<long> allocations = 0;

// Not inlined: g++ 12 would take malloc and delete, or new and free, for a pair that does not match.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace melgrad {
namespace {

template <class F>
long allocations_of(F f) {
  f();  // the first call fills caches
  long before = allocations;
  f();
  return allocations - before;
}

TEST(Allocations, AreThoseOfTheResult) {
  // A handle to storage is one; a dtype without a library underneath counts nobody else's.
  Tensor x = ones({2, 3, 8, 8}, Dtype::f64), row = ones({3, 1, 1}, Dtype::f64);
  Tensor weight = ones({4, 3, 3, 3}, Dtype::f64).channels_last(), bias = ones({4}, Dtype::f64);
  Tensor matrix = ones({5, 6}, Dtype::f64), other = ones({7, 6}, Dtype::f64);
  x = x.channels_last();
  long one = allocations_of([&] { empty({3}, Dtype::f64); });
  EXPECT_LE(one, 2);
  EXPECT_EQ(allocations_of([&] { x + row; }), one);
  EXPECT_EQ(allocations_of([&] { exp(x); }), one);
  EXPECT_EQ(allocations_of([&] { x * 2; }), one);
  EXPECT_EQ(allocations_of([&] { x.slice(1, 0, 2).transpose(0, 1); }), 0);
  EXPECT_EQ(allocations_of([&] { conv2d(x, weight, bias); }), one);
  EXPECT_EQ(allocations_of([&] { max_pool2d(x, 2); }), one);
  EXPECT_EQ(allocations_of([&] { matmul(matrix, other.transpose(0, 1)); }), one);
  EXPECT_EQ(allocations_of([&] { softmax(matrix); }), one);
  EXPECT_EQ(allocations_of([&] { x.add_(x); }), 0);
}

}  // namespace
}  // namespace melgrad
#endif
