// Tensors reach the device, and the host, in order, although each is on its way while the device works.
#include "tensor/upload.h"

#include <gtest/gtest.h>

#include "tensor/download.h"
#include "tensor/ops.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

// Each start() reuses the host memory of the one before last, and the device memory that a tensor
// gave back.
TEST(UploadOnGpu, BringsEachTensorInTurn) {
  Upload upload(Device::cuda());
  constexpr i64 count = 20;
  auto batch = [](i64 i) {
    return arange(1000 + i * i * 100, Dtype::f32) + static_cast<double>(i);
  };
  std::vector<Tensor> sums;
  upload.start(batch(0));
  for (i64 i = 0; i < count; ++i) {
    Tensor x = upload.finish();
    EXPECT_EQ(x.device(), Device::cuda());
    sums.push_back(sum(x * x));
    if (i + 1 < count) upload.start(batch(i + 1));
  }
  for (i64 i = 0; i < count; ++i) {
    Tensor x = batch(i);
    EXPECT_LE(difference(sums[static_cast<std::size_t>(i)], sum(x * x)), 1e-6) << i;
  }
}

TEST(UploadOnGpu, TheSourceMayChangeAndTheLayoutStays) {
  Tensor x = arange(120, Dtype::f32).reshape({2, 3, 4, 5}).channels_last(), before = x.clone();
  Upload upload(Device::cuda());
  upload.start(x);
  x.fill_(-1);
  Tensor y = upload.finish();
  EXPECT_TRUE(y.is_channels_last());
  EXPECT_EQ(difference(y, before), 0);
}

TEST(UploadOnGpu, WhatIsThereAlreadyPassesThrough) {
  Upload upload(Device::cuda()), to_cpu(Device::cpu());
  Tensor x = ones({3}, Dtype::f32, Device::cuda());
  upload.start(x);
  EXPECT_TRUE(upload.finish().shares_storage(x));
  to_cpu.start(ones({3}));
  EXPECT_EQ(sum(to_cpu.finish()).item(), 3);
  upload.start(zeros({0, 4}));
  EXPECT_EQ(upload.finish().shape(), (Shape{0, 4}));
}

TEST(DownloadOnGpu, BringsWhatATensorHeld) {
  Download download;
  Tensor x = arange(120, Dtype::f32, Device::cuda()).reshape({2, 3, 4, 5}).channels_last();
  for (int again = 0; again < 3; ++again) {
    Tensor before = x.to(Device::cpu());
    download.start(again == 1 ? x.slice(3, 1, 4) : x);
    x.copy_(x * 2.0 + 1.0);
    Tensor y = download.finish();
    EXPECT_EQ(y.device(), Device::cpu());
    EXPECT_EQ(difference(y, again == 1 ? before.slice(3, 1, 4) : before), 0);
  }
  download.start(x);  // and goes away with a copy under way
}

TEST(UploadOnGpu, OneAtATime) {
  Upload upload(Device::cuda());
  EXPECT_THROW(upload.finish(), Error);
  upload.start(ones({3}));
  EXPECT_THROW(upload.start(ones({3})), Error);  // and goes away with a copy under way
}

}  // namespace
}  // namespace melgrad
