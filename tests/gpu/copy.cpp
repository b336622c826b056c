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
Tensor left_columns(const Tensor& x) { return x.slice(2, 0, x.dim(2) - 2); }
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
    for (auto view : {plain, every_other, some_rows, some_columns, left_columns, every_other_row,
                      batch_last, turned, backwards, same_for_all}) {
      Tensor expected = view(x).contiguous();
      EXPECT_TRUE(equal(view(on_gpu).contiguous().to(Device::cpu()), expected)) << shape;
      // And into such a view.
      Tensor host = zeros(shape), device = zeros(shape, Dtype::f32, Device::cuda());
      if (view == same_for_all) continue;  // its elements lie on one another
      view(host).copy_(expected);
      view(device).copy_(expected.to(Device::cuda()));
      EXPECT_TRUE(equal(device.to(Device::cpu()), host)) << shape;
      view(device.fill_(0)).copy_(view(on_gpu));
      EXPECT_TRUE(equal(device.to(Device::cpu()), host)) << shape;
    }
  }
}

// A pack of values must not be written where none begins.
TEST(BinaryOnGpu, WritesAnywhere) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Generator generator(4);
  Tensor x = randn({5, 8}, generator), row = randn({8}, generator);
  Tensor a = x.to(Device::cuda()), b = row.to(Device::cuda());
  BroadcastShape shape{2, {5, 8}, {8, 1}, {0, 1}};
  for (i64 first = 0; first < 4; ++first) {
    Tensor y = zeros({44}, Dtype::f32, Device::cuda());
    backend(Device::cuda())
        .binary(BinaryOp::add, Dtype::f32, shape, a.raw(), b.raw(),
                static_cast<float*>(y.raw()) + first);
    Tensor expected = zeros({44});
    expected.slice(0, first, first + 40).copy_((x + row).reshape({40}));
    EXPECT_TRUE(equal(y.to(Device::cpu()), expected)) << first;
  }
}

}  // namespace
}  // namespace melgrad
