#include <gtest/gtest.h>

#include "kernels/tf32.h"
#include "tests/gpu/bounds.h"
#include "tests/gpu/gpu.h"
#include "tests/gpu/sizes.h"

// Every row gives on the GPU, or on the simulated one, what the plain loops of f64 give for the same
// inputs: to the row's tolerance, or, where a library computes it, to what its arithmetic explains.
namespace melgrad::op_cases {
namespace {

Tensor as_it_is(const Tensor& x) { return x; }

class OnGpu : public testing::TestWithParam<Case> {
 protected:
  static void compare(Arithmetic arithmetic, const LayOut& lay_out = as_it_is) {
    const Case& row = GetParam();
    Dtype dtype = arithmetic == Arithmetic::bf16 ? Dtype::bf16 : Dtype::f32;
    Inputs inputs = is_of_library(row) ? inputs_of_all_bits(row, dtype) : make_inputs(row, dtype);
    Inputs moved;
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
    if (is_of_library(row)) {
      Deviation worst = beyond(result, row, inputs, arithmetic);
      EXPECT_LE(worst.worst, 1) << worst.where;
      return;
    }
    // Rows of awkward sizes are several operations, after each of which bf16 rounds: the CPU's alike.
    bool several = row.name.rfind("sizes/", 0) == 0 && dtype == Dtype::bf16;
    expect_agree(result, several ? on_cpu : run_reference(row, dtype),
                 dtype == Dtype::f32 ? row.options.f32 : row.options.bf16, row.options.exact);
  }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnGpu);

TEST_P(OnGpu, f32) { compare(Arithmetic::f32); }
TEST_P(OnGpu, misaligned) { compare(Arithmetic::f32, shifted); }
// Each operand alone, and the result's gradient: whether a pack is taken of one must not depend on the others.
TEST_P(OnGpu, one_misaligned) {
  if (GetParam().name.rfind("sizes/", 0) == 0)
    return;  // of one operand, which `misaligned` is about
  std::size_t operands = GetParam().inputs.size() + 1;
  for (std::size_t which = 0; which < operands; ++which) {
    std::size_t next = 0;
    compare(Arithmetic::f32, [&](const Tensor& x) { return next++ == which ? shifted(x) : x; });
  }
}
TEST_P(OnGpu, reversed_axes) { compare(Arithmetic::f32, reversed_axes); }
// Spectra are f32 on a GPU.
TEST_P(OnGpu, bf16) {
  bool spectrum = GetParam().name.find("stft") == 0 || GetParam().name.find("irfft") == 0;
  if (!spectrum) compare(Arithmetic::bf16);
}
TEST_P(OnGpu, tf32) {
  if (!is_of_library(GetParam())) return;
  set_tf32(Tf32::all);
  compare(Arithmetic::tf32);
  set_tf32(Tf32::off);
}

// oneDNN is such a library, too. By a wrong setting of ours one may work with fewer bits than it should.
TEST(BoundsOfLibraries, HoldForF32AndAreBrokenByTf32) {
  auto as_tf32 = [](const Tensor& x) {  // 11 of 24 bits (Dekker 1971, Numer. Math. 18, 224)
    Tensor scaled = x * 8193.;
    return scaled - (scaled - x);
  };
  for (const Case& row : all()) {
    if (!is_of_library(row)) continue;
    Inputs inputs = inputs_of_all_bits(row, Dtype::f32), rounded;
    for (const Variable& x : inputs) rounded.emplace_back(as_tf32(x.data()), x.requires_grad());
    Result of_tf32 = run(row, as_f64(rounded));
    EXPECT_LE(beyond(run(row, inputs), row, inputs, Arithmetic::f32).worst, 1) << row.name;
    EXPECT_LE(beyond(of_tf32, row, inputs, Arithmetic::tf32).worst, 1) << row.name;
    bool is_empty = of_tf32.y.front().numel() * inputs.front().data().numel() == 0;
    EXPECT_EQ(beyond(of_tf32, row, inputs, Arithmetic::f32).worst > 1, !is_empty) << row.name;
  }
}

TEST(BoundsOfLibraries, AreBrokenBySumsThatAreJoinedInBf16) {
  Case whole{
      "matmul", op([](V a, V b) { return matmul(a, b); }), {uniform({5, 300}), uniform({300, 7})}};
  Case halves{"matmul", op([](V a, V b) {
                return matmul(slice(a, 1, 0, 150), slice(b, 0, 0, 150)) +
                       matmul(slice(a, 1, 150, 300), slice(b, 0, 150, 300));
              }),
              whole.inputs};
  Inputs inputs = inputs_of_all_bits(whole, Dtype::bf16);
  EXPECT_LE(beyond(run(whole, inputs), whole, inputs, Arithmetic::bf16).worst, 1);
  EXPECT_GT(beyond(run(halves, inputs), whole, inputs, Arithmetic::bf16).worst, 1);
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
