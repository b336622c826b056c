#include <gtest/gtest.h>

#include "tests/gpu/gpu.h"
#include "tests/gpu/sizes.h"
#include "tests/ops/goldens.h"

// Every row gives on the GPU, or on the simulated one, what the plain loops of f64 give for the same
// inputs.
namespace melgrad::op_cases {
namespace {

Tensor as_it_is(const Tensor& x) { return x; }
class OnGpu : public testing::TestWithParam<Case> {
 protected:
  static void compare(Dtype dtype, double tolerance, Tensor (*lay_out)(const Tensor&) = as_it_is) {
    const Case& row = GetParam();
    Inputs inputs = make_inputs(row, dtype), moved;
    for (const Variable& x : inputs)
      moved.emplace_back(lay_out(x.data().to(Device::cuda())), x.requires_grad());
    Result on_cpu;
    try {
      on_cpu = run(row, inputs);
    } catch (const Error& error) {  // a dtype that this operation does not take
      EXPECT_THROW(run(row, moved, lay_out), Error) << "the CPU says " << error.what();
      return;
    }
    Result result = run(row, moved, lay_out);
    for (const Tensor& y : result.y) EXPECT_EQ(y.device(), Device::cuda());
    for (std::size_t i = 0; i < result.y.size(); ++i)
      EXPECT_EQ(result.y[i].dtype(), on_cpu.y.at(i).dtype());
    // Rows of awkward sizes are several operations, after each of which bf16 rounds: the CPU's alike.
    bool several = row.name.rfind("sizes/", 0) == 0 && dtype == Dtype::bf16;
    expect_agree(result, several ? on_cpu : run_reference(row, dtype), tolerance,
                 row.options.exact);
  }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnGpu);

TEST_P(OnGpu, f32) { compare(Dtype::f32, GetParam().options.f32); }
TEST_P(OnGpu, misaligned) { compare(Dtype::f32, GetParam().options.f32, shifted); }
TEST_P(OnGpu, reversed_axes) { compare(Dtype::f32, GetParam().options.f32, reversed_axes); }
// Spectra are f32 on a GPU.
TEST_P(OnGpu, bf16) {
  bool spectrum = GetParam().name.find("stft") == 0 || GetParam().name.find("irfft") == 0;
  if (!spectrum) compare(Dtype::bf16, GetParam().options.bf16);
}

Rows possible(const Rows& rows) {
  Rows chosen;
  for (const Case& row : rows) {
    if (no_gpu().empty() && !row.options.cpu_only) chosen.push_back(row);
  }
  return chosen;
}
std::string name_of_row(const testing::TestParamInfo<Case>& row) { return test_name(row.param); }
INSTANTIATE_TEST_SUITE_P(Rows, OnGpu, testing::ValuesIn(possible(all())), name_of_row);
INSTANTIATE_TEST_SUITE_P(AwkwardSizes, OnGpu, testing::ValuesIn(possible(rows_of_awkward_sizes())),
                         name_of_row);

}  // namespace
}  // namespace melgrad::op_cases
