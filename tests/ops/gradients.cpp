#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/function.h"
#include "autograd/tools/gradcheck.h"
#include "tests/ops/goldens.h"

// Every backward agrees with finite differences in f64, and would not if it were wrong by 0.1 %.
namespace melgrad::op_cases {
namespace {

// y = x, with a mistake:  dx = factor · dy
struct WrongIdentity final : Function {
  double factor;
  explicit WrongIdentity(double mistake) : factor(mistake) {}
  std::string_view name() const override { return "wrong_identity"; }
  Tensor forward(const Tensor& x) { return x; }
  Gradients backward(const Gradients& dy) override { return {dy[0] * factor}; }
};

std::vector<Case> rows() {
  std::vector<Case> found;
  for (const Case& row : all_and_exercise()) {
    if (!row.options.forward_only && row.options.gradcheck) found.push_back(row);
  }
  return found;
}

class GradientsOf : public testing::TestWithParam<Case> {
 protected:
  // Whether finite differences agree with a backward whose result is `factor` times as large.
  static GradcheckResult check(const Case& row, double factor) {
    auto f = [&](const Inputs& x) {
      Inputs scaled;
      for (const Variable& v : x) {
        scaled.push_back(v.requires_grad() ? apply(WrongIdentity(factor), v) : v);
      }
      return row.forward(scaled);
    };
    return gradcheck(f, make_inputs(row, Dtype::f64));
  }
};

TEST_P(GradientsOf, AgreeWithFiniteDifferences) {
  GradcheckResult result = check(GetParam(), 1);
  EXPECT_TRUE(result.passed) << result.message;
}

TEST_P(GradientsOf, AnErrorOfOneInAThousandIsSeen) {
  Result right = run(GetParam(), make_inputs(GetParam(), Dtype::f64));
  double largest = 0;
  for (const Tensor& dx : right.dx) {
    if (!dx.defined()) continue;
    for (double d : dx.to_vector<double>()) largest = std::max(largest, std::abs(d));
  }
  if (largest == 0) return;  // 0 and 1.001 · 0 are the same: pow(x, 0), an empty tensor
  EXPECT_FALSE(check(GetParam(), 1.001).passed);
}

INSTANTIATE_TEST_SUITE_P(Rows, GradientsOf, testing::ValuesIn(rows()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
