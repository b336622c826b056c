#include <gtest/gtest.h>

#include "tests/gpu/gpu.h"
#include "tests/gpu/sizes.h"
#include "tests/ops/goldens.h"

// Every row gives on the GPU, or on the simulated one, what it gives on the CPU.
namespace melgrad::op_cases {
namespace {

Tensor as_it_is(const Tensor& x) { return x; }
// Starts in the middle of its storage, where no vector of four can be read.
Tensor misaligned(const Tensor& x) {
  Tensor y = zeros({x.numel() + 3}, x.dtype(), x.device());
  y = y.slice(0, 3, x.numel() + 3).reshape(x.shape());
  return y.copy_(x);
}
Tensor reversed_axes(const Tensor& x) {
  Shape axes;
  for (int axis = x.rank(); axis-- > 0;) axes.push_back(axis);
  return x.permute(axes).contiguous().permute(axes);
}

class OnGpu : public testing::TestWithParam<Case> {
 protected:
  static void compare(Dtype dtype, double tolerance, Tensor (*lay_out)(const Tensor&) = as_it_is) {
    const Case& row = GetParam();
    Inputs inputs = make_inputs(row, dtype), moved;
    for (const Variable& x : inputs)
      moved.emplace_back(lay_out(x.data().to(Device::cuda())), x.requires_grad());
    Result expected;
    try {
      expected = run(row, inputs);
    } catch (const Error& error) {  // a dtype that this operation does not take
      EXPECT_THROW(run(row, moved, lay_out), Error) << "the CPU says " << error.what();
      return;
    }
    Result result = run(row, moved, lay_out);
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
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnGpu);

// Sums run in another order than on the CPU, and libm differs in the last digit.
TEST_P(OnGpu, f32) { compare(Dtype::f32, 2 * GetParam().options.f32); }
TEST_P(OnGpu, misaligned) { compare(Dtype::f32, 2 * GetParam().options.f32, misaligned); }
TEST_P(OnGpu, reversed_axes) { compare(Dtype::f32, 2 * GetParam().options.f32, reversed_axes); }
// Each device rounds every result to 8 bits, by up to 2⁻⁹: observed .0069. Spectra are f32 on a GPU.
TEST_P(OnGpu, bf16) {
  bool spectrum = GetParam().name.find("stft") == 0 || GetParam().name.find("irfft") == 0;
  if (!spectrum) compare(Dtype::bf16, .008);
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
