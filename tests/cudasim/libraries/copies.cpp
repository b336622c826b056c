// Between the host and the device nobody waits who need not, and nothing is read too early or too late.
#include <gtest/gtest.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cudasim/stream.h"
#include "kernels/scratch_array.h"

namespace melgrad::sim {
namespace {

// The labels of a batch, a learning rate: the device has work of many steps then.
TEST(Copies, HandsOverAFewBytesWithoutWaiting) {
  CudaBackend gpu;
  set_late(gpu.stream(), true);
  for (std::size_t count : {1U, 500U, 501U, 8192U}) {
    std::vector<i64> labels, result(count);
    for (std::size_t i = 0; i < count; ++i) labels.push_back(static_cast<i64>(i * i));
    ScratchArray<i64> array(gpu, static_cast<i64>(count));
    bool waited = false;
    submit(gpu.stream(), [&] { waited = true; });
    gpu.copy_from_host(array.data(), labels.data(), count * sizeof(i64));
    EXPECT_FALSE(waited) << count;
    gpu.copy_to_host(result.data(), array.data(), count * sizeof(i64));
    EXPECT_EQ(result, labels);
  }
}

TEST(Copies, ReadsAheadOfLaterWork) {
  CudaBackend gpu;
  set_late(gpu.stream(), true);
  ScratchArray<float> array(gpu, 100);
  auto read = gpu.staged_read();
  for (float value : {3.0F, 5.0F}) {
    gpu.fill(Dtype::f32, static_cast<double>(value), 100, array.data());
    read->start(array.data(), 400);
    gpu.fill(Dtype::f32, -1, 100, array.data());
    bool waited = false;
    submit(gpu.stream(), [&] { waited = true; });
    EXPECT_EQ(static_cast<const float*>(read->finish())[99], value);
    EXPECT_FALSE(waited);
    gpu.synchronize();
  }
  EXPECT_THROW(gpu.record([&] { read->start(array.data(), 400); }), Error);
}

// The host fills one array while the device reads the other.
TEST(Copies, StageInTwoArraysInTurn) {
  CudaBackend gpu;
  auto copy = gpu.staged_copy();
  const void *first = copy->staging(8), *second = copy->staging(8);
  EXPECT_NE(first, second);
  EXPECT_EQ(copy->staging(8), first);
}

TEST(Copies, KeepsHostMemoryUntilItIsRead) {
  CudaBackend gpu;
  set_late(gpu.stream(), true);
  for (std::size_t count : {8U, 20000U}) {  // as a kernel's argument, and as a copy
    std::vector<float> values(count, 1), result(count);
    ScratchArray<float> array(gpu, static_cast<i64>(count));
    gpu.copy_from_host(array.data(), values.data(), count * sizeof(float));
    values.assign(count, 2);
    gpu.copy_to_host(result.data(), array.data(), count * sizeof(float));
    EXPECT_EQ(result, std::vector<float>(count, 1));
  }
}

}  // namespace
}  // namespace melgrad::sim
