#include "kernels/profile/profile.h"

#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

TEST(ProfileOnGpu, TimesWhatTheGpuDoes) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Generator generator(1);
  Tensor a = rand({8, 9}, generator).to(Device::cuda()),
         w = rand({9, 7}, generator).to(Device::cuda());
  Tensor untimed = matmul(a, w);
  Profile profile;
  Tensor timed = matmul(a, w);
  profile.stop();
  EXPECT_EQ(difference(timed, untimed), 0);
  bool found = false;
  for (const ProfileLine& line : profile.lines()) {
    if (line.call.name != "matmul") continue;
    found = true;
    EXPECT_EQ(line.calls, 1);
    EXPECT_EQ(line.call.flop, 2 * 8 * 9 * 7);
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace melgrad
