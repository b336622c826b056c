#include "kernels/profile/profile.h"

#include <gtest/gtest.h>

#include "tests/ops/goldens.h"

// Every row gives the same bits when its calls are timed, and each call has a time and a size.
namespace melgrad::op_cases {
namespace {

class Profiled : public testing::TestWithParam<Case> {};

TEST_P(Profiled, givesTheSameBits) {
  const Case& row = GetParam();
  Result plain = run(row, make_inputs(row, Dtype::f32));
  Profile profile;
  Result timed = run(row, make_inputs(row, Dtype::f32));
  profile.stop();
  expect_agree(timed, plain, 0, true);
  std::vector<ProfileLine> lines = profile.lines();
  EXPECT_FALSE(lines.empty());
  for (const ProfileLine& line : lines) {
    EXPECT_GT(line.calls, 0) << line.call.name;
    bool has_arrays = line.call.name != "allocate" && line.call.name != "advance_random";
    EXPECT_EQ(line.call.bytes > 0, has_arrays) << line.call.name << ' ' << line.call.sizes;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, Profiled, testing::ValuesIn(all()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
