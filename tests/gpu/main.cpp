#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/gpu/gpu.h"

namespace melgrad {

const std::string& no_gpu() {
  static const std::string reason = [] {
    try {
      backend(Device::cuda());
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  }();
  return reason;
}

double difference(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  Tensor x = a.to(Device::cpu()).to(Dtype::f64), y = b.to(Device::cpu()).to(Dtype::f64);
  double largest = max(abs(y)).item();
  return max(abs(x - y)).item() / std::max(largest, 1e-30);
}

namespace {

TEST(Gpu, IsThere) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
}

}  // namespace
}  // namespace melgrad

// Where there is no GPU one line says so, not hundreds.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!melgrad::no_gpu().empty()) GTEST_FLAG_SET(filter, "Gpu.IsThere");
  return RUN_ALL_TESTS();
}
