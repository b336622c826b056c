#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

// Views become dense as on the CPU, also those that look almost like a batch of transposed matrices.
namespace melgrad {
namespace {

Tensor every_other(const Tensor& x) { return x.slice(0, 0, x.dim(0), 2).transpose(1, 2); }
Tensor some_rows(const Tensor& x) { return x.slice(1, 2, x.dim(1) - 1).transpose(1, 2); }
Tensor some_columns(const Tensor& x) { return x.slice(2, 1, x.dim(2)).transpose(1, 2); }
Tensor every_other_row(const Tensor& x) { return x.slice(1, 0, x.dim(1), 2).transpose(1, 2); }
Tensor batch_last(const Tensor& x) { return x.permute({1, 2, 0}); }
Tensor turned(const Tensor& x) { return x.permute({2, 0, 1}); }
Tensor backwards(const Tensor& x) { return x.flip(0).transpose(1, 2); }
Tensor same_for_all(const Tensor& x) {
  return x.slice(0, 0, 1).expand({5, x.dim(1), x.dim(2)}).transpose(1, 2);
}
Tensor plain(const Tensor& x) { return x.transpose(1, 2); }

TEST(CopyOnGpu, OfTransposedViews) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Generator generator(3);
  for (const Shape& shape : {Shape{4, 8, 9}, Shape{3, 33, 40}, Shape{6, 9, 8}}) {
    Tensor x = randn(shape, generator), on_gpu = x.to(Device::cuda());
    for (auto view : {plain, every_other, some_rows, some_columns, every_other_row, batch_last,
                      turned, backwards, same_for_all}) {
      Tensor expected = view(x).contiguous();
      EXPECT_TRUE(equal(view(on_gpu).contiguous().to(Device::cpu()), expected)) << shape;
      // And into such a view.
      Tensor host = zeros(shape), device = zeros(shape, Dtype::f32, Device::cuda());
      if (view == same_for_all) continue;  // its elements lie on one another
      view(host).copy_(expected);
      view(device).copy_(expected.to(Device::cuda()));
      EXPECT_TRUE(equal(device.to(Device::cpu()), host)) << shape;
    }
  }
}

}  // namespace
}  // namespace melgrad
