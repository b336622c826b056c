#include "kernels/cuda/runtime/launch.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/error_of.h"

// A launch's own status counts. Two of CUDA's calls are played here, before those of its library, so it takes no GPU.
namespace {
cudaError_t answer = cudaSuccess, remembered = cudaSuccess;
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t*, const void*, void**) { return answer; }
cudaError_t cudaGetLastError() { return std::exchange(remembered, cudaSuccess); }

namespace melgrad::cuda {
namespace {

std::string error_of_a_launch() {
  void (*kernel)(int) = [](int) {};
  return error_of(
      [&] { launch_kernel("kernel_of_ours", dim3(1), dim3(1), 0, nullptr, kernel, 1); });
}

TEST(Launch, IsNotBlamedForWhatALibraryLeft) {
  remembered = cudaErrorInvalidValue;
  EXPECT_EQ(error_of_a_launch(), "no error");
}

TEST(Launch, IsBlamedForItsOwnAndLeavesNothing) {
  answer = remembered = cudaErrorInvalidConfiguration;
  std::string error = error_of_a_launch();
  EXPECT_TRUE(contains(error, "[kernel_of_ours]")) << error;
  EXPECT_TRUE(contains(error, "cudaErrorInvalidConfiguration")) << error;
  EXPECT_EQ(remembered, cudaSuccess);
  answer = cudaSuccess;
  EXPECT_EQ(error_of_a_launch(), "no error");
}

}  // namespace
}  // namespace melgrad::cuda
