#include <gtest/gtest.h>

#include "tests/ops/goldens.h"

// Every row gives on the GPU, or on the simulated one, what it gives on the CPU.
namespace melgrad::op_cases {
namespace {

/// Why there is no GPU to test on; empty if there is one.
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

Inputs on(Device device, const Inputs& inputs) {
  Inputs moved;
  for (const Variable& x : inputs) moved.emplace_back(x.data().to(device), x.requires_grad());
  return moved;
}

TEST(Gpu, IsThere) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
}

// No rows where there is no GPU: one line says so, not hundreds.
std::vector<Case> rows() {
  std::vector<Case> chosen;
  for (const Case& row : all()) {
    if (no_gpu().empty() && !row.options.cpu_only) chosen.push_back(row);
  }
  return chosen;
}

class OnGpu : public testing::TestWithParam<Case> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnGpu);

// Sums run in another order than on the CPU, and libm differs in the last digit.
TEST_P(OnGpu, f32) {
  const Case& row = GetParam();
  Inputs inputs = make_inputs(row, Dtype::f32);
  Result expected = run(row, inputs), result = run(row, on(Device::cuda(), inputs));
  double tolerance = 2 * row.options.f32;
  ASSERT_EQ(result.y.size(), expected.y.size());
  for (std::size_t i = 0; i < result.y.size(); ++i) {
    EXPECT_EQ(result.y[i].device(), Device::cuda());
    Deviation d = deviation(result.y[i], expected.y[i], row.options.exact);
    EXPECT_LE(d.worst, tolerance) << "y" << i << ", " << d.where;
  }
  for (std::size_t i = 0; i < result.dx.size(); ++i) {
    ASSERT_EQ(result.dx[i].defined(), expected.dx[i].defined()) << "dx" << i;
    if (!result.dx[i].defined()) continue;
    Deviation d = deviation(result.dx[i], expected.dx[i], row.options.exact);
    EXPECT_LE(d.worst, tolerance) << "dx" << i << ", " << d.where;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, OnGpu, testing::ValuesIn(rows()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
