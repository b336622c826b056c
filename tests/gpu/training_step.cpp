#include <gtest/gtest.h>

#include <cmath>

#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

// What a training step does besides the operations that have rows in the table.
namespace melgrad {
namespace {

TEST(TrainingStepOnGpu, RunningStatisticsMoveAsOnTheCpu) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  for (i64 channels : {1, 31, 257, 600}) {
    Generator generator(3);
    Tensor values = rand({4, channels}, generator);
    auto moved = [&](Device device) {
      Tensor all = values.clone().to(device), batches = full({}, 6, Dtype::i64, device);
      auto row = [&](i64 i) { return all.select(0, i).clone(); };
      Statistics running{row(2), row(3)};
      batch_norm_track({row(0), row(1)}, .3, 1.25, running, batches);
      EXPECT_EQ(batches.item(), 7);
      return stack(std::vector{running.mean, running.var}).to(Device::cpu());
    };
    Tensor on_cpu = moved(Device::cpu());
    Tensor by_hand =
        stack(std::vector{values.select(0, 2) * .7 + values.select(0, 0) * .3,
                          values.select(0, 3) * .7 + values.select(0, 1) * (.3 * 1.25)});
    EXPECT_LT(difference(on_cpu, by_hand), 1e-6);
    EXPECT_LT(difference(moved(Device::cuda()), on_cpu), 1e-6) << channels;
  }
}

// A GPU is not waited for to find it.
TEST(TrainingStepOnGpu, ATargetThatIsNoClassMakesTheLossNan) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Generator generator(3);
  Tensor x = rand({3, 4}, generator).to(Device::cuda());
  for (i64 wrong : {-1, 4}) {
    Tensor target = from_vector(std::vector<i64>{0, wrong, 3}).to(Device::cuda());
    EXPECT_TRUE(std::isnan(cross_entropy(x, target).item()));
    Tensor dx = cross_entropy_backward(x, target, ones({}, Dtype::f32, Device::cuda()));
    for (float value : dx.to(Device::cpu()).select(0, 1).contiguous().to_vector<float>())
      EXPECT_TRUE(std::isnan(value));
    EXPECT_FALSE(std::isnan(dx.to(Device::cpu()).select(0, 0).select(0, 0).item()));
  }
}

}  // namespace
}  // namespace melgrad
