#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/goldens.h"

// An operation gives the same whatever way its inputs, and the gradients sent into it, lie in memory.
namespace melgrad::op_cases {
namespace {

Tensor flipped(const Tensor& x) {
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) y = y.flip(axis);
  y = y.contiguous();
  for (int axis = 0; axis < x.rank(); ++axis) y = y.flip(axis);
  return y;
}
// Every second element of an array whose others are NaN.
Tensor every_second(const Tensor& x) {
  if (x.rank() == 0) return x;
  Shape shape = x.shape();
  shape[-1] *= 2;
  double gap = is_floating(x.dtype()) ? std::numeric_limits<double>::quiet_NaN() : 0;
  Tensor y = full(shape, gap, x.dtype()).slice(-1, 0, shape[-1], 2);
  return y.copy_(x);
}
Tensor channels_last(const Tensor& x) { return x.rank() == 4 ? x.channels_last() : x; }

struct Layout {
  const char* name;
  Tensor (*lay_out)(const Tensor&);
};
const Layout layouts[] = {{"reversed axes", reversed_axes},
                          {"flipped", flipped},
                          {"every second", every_second},
                          {"shifted", shifted},
                          {"channels last", channels_last}};

class LayoutsOf : public testing::TestWithParam<Case> {
 protected:
  static void compare(Dtype dtype, double tolerance) {
    const Case& row = GetParam();
    Inputs plain = make_inputs(row, dtype);
    Result expected = run(row, plain);
    for (const auto& [name, lay_out] : layouts) {
      SCOPED_TRACE(name);
      Inputs inputs;
      for (const Variable& x : plain) inputs.emplace_back(lay_out(x.data()), x.requires_grad());
      Result result = run(row, inputs, lay_out);
      expect_agree(result, expected, tolerance, row.options.exact);
    }
  }
};

// Sums may run in another order, so the last digits may differ.
TEST_P(LayoutsOf, f64) { compare(Dtype::f64, GetParam().options.f64); }
TEST_P(LayoutsOf, f32) { compare(Dtype::f32, GetParam().options.f32); }

INSTANTIATE_TEST_SUITE_P(Rows, LayoutsOf, testing::ValuesIn(all_and_exercise()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
