#include <gtest/gtest.h>

#include <string>

#include "tests/ops/goldens.h"

// Every row gives in f32 and in bf16 what f64, the plain loops, gives for the same inputs.
namespace melgrad::op_cases {
namespace {

class AgainstReference : public testing::TestWithParam<Case> {
 protected:
  static void compare(Dtype dtype, double tolerance) {
    const Case& row = GetParam();
    Result result;
    try {
      result = run(row, make_inputs(row, dtype));
    } catch (const Error& error) {
      bool is_spectrum = std::string(error.what()).find("takes f32 or f64") != std::string::npos;
      if (dtype != Dtype::bf16 || !is_spectrum) throw;
      GTEST_SKIP() << error.what();
    }
    expect_agree(result, run_reference(row, dtype), tolerance, row.options.exact);
  }
};

TEST_P(AgainstReference, f32) { compare(Dtype::f32, GetParam().options.f32); }
TEST_P(AgainstReference, bf16) { compare(Dtype::bf16, GetParam().options.bf16); }

INSTANTIATE_TEST_SUITE_P(Rows, AgainstReference, testing::ValuesIn(all()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
