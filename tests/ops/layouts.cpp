#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/goldens.h"

// An operation gives the same whatever way its inputs, and the gradients sent into it, lie in memory.
namespace melgrad::op_cases {
namespace {

Tensor reversed_axes(const Tensor& x) {
  Shape axes;
  for (int axis = x.rank(); axis-- > 0;) axes.push_back(axis);
  return x.permute(axes).contiguous().permute(axes);
}
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
// Starts in the middle of its storage, at an address of no particular alignment.
Tensor shifted(const Tensor& x) {
  Tensor y = zeros({x.numel() + 3}, x.dtype()).slice(0, 3, x.numel() + 3).reshape(x.shape());
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
      for (std::size_t i = 0; i < result.y.size(); ++i) {
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
  }
};

// Sums may run in another order, so the last digits may differ.
TEST_P(LayoutsOf, f64) { compare(Dtype::f64, GetParam().options.f64); }
TEST_P(LayoutsOf, f32) { compare(Dtype::f32, GetParam().options.f32); }

INSTANTIATE_TEST_SUITE_P(Rows, LayoutsOf, testing::ValuesIn(all()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
