#include <gtest/gtest.h>

#include <algorithm>

#include "tests/ops/goldens.h"

// Every row gives PyTorch's outputs and gradients (tests/goldens/ops.py), in f64 and in f32.
namespace melgrad::op_cases {
namespace {

class AgainstPyTorch : public testing::TestWithParam<Case> {
 protected:
  // dtype f32 or f64: index and mask keep theirs.
  void compare(Dtype dtype, double tolerance) {
    const Case& row = GetParam();
    Result result = run(row, make_inputs(row, dtype));
    for (std::size_t i = 0; i < result.y.size(); ++i) {
      std::string name = "y" + std::to_string(i);
      auto expected = golden(row.name, name);
      ASSERT_TRUE(expected) << "no golden: run tests/goldens/ops.py";
      expect_close(result.y[i], *expected, tolerance, name);
    }
    for (std::size_t i = 0; i < result.dx.size(); ++i) {
      if (row.options.forward_only || !row.inputs[i].wants_gradient) continue;
      std::string name = "dx" + std::to_string(i);
      auto expected = golden(row.name, name);
      ASSERT_TRUE(expected) << "no golden: run tests/goldens/ops.py";
      // No gradient at all is as good as zeros.
      Tensor dx = result.dx[i].defined() ? result.dx[i] : zeros(expected->shape(), dtype);
      EXPECT_EQ(dx.dtype(), dtype);
      expect_close(dx, *expected, tolerance, name);
    }
  }

 private:
  void expect_close(const Tensor& actual, const Tensor& expected, double tolerance,
                    const std::string& name) {
    Deviation d = deviation(actual, expected, GetParam().options.exact);
    EXPECT_LE(d.worst, tolerance) << name << ", " << d.where;
  }
};

TEST_P(AgainstPyTorch, f64) { compare(Dtype::f64, GetParam().options.f64); }
TEST_P(AgainstPyTorch, f32) { compare(Dtype::f32, GetParam().options.f32); }

// The stored answers belong to these inputs: a row that changed needs new ones.
TEST_P(AgainstPyTorch, inputs) {
  const Case& row = GetParam();
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    bool wanted = row.inputs[i].wants_gradient && !row.options.forward_only;
    auto stored = golden(row.name, (wanted ? "x" : "c") + std::to_string(i));
    ASSERT_TRUE(stored) << "input " << i << ": run tests/goldens/ops.py";
    EXPECT_TRUE(allclose(make(row, i, stored->dtype()), *stored, 0, 0)) << "input " << i;
  }
}

Rows with_golden() {
  Rows rows = all_and_exercise();
  std::erase_if(rows, [](const Case& row) { return !row.options.golden; });
  return rows;
}
INSTANTIATE_TEST_SUITE_P(Rows, AgainstPyTorch, testing::ValuesIn(with_golden()),
                         [](const auto& row) { return test_name(row.param); });

std::vector<std::string> names(const Rows& rows) {
  std::vector<std::string> found;
  for (const Case& row : rows) found.push_back(row.name);
  std::sort(found.begin(), found.end());
  return found;
}

TEST(Goldens, NoneIsLeftOver) {
  std::vector<std::string> rows = names(with_golden());
  EXPECT_EQ(std::adjacent_find(rows.begin(), rows.end()), rows.end()) << "a name occurs twice";
  EXPECT_EQ(rows, golden_rows());
}

// `.golden = false` is for what PyTorch cannot say, and each such row is named here, with the reason.
TEST(Goldens, OnlyTheseRowsHaveNone) {
  Rows rows = all_and_exercise();
  std::erase_if(rows, [](const Case& row) { return row.options.golden; });
  const std::vector<std::string> expected = {
      "cube",  // an exercise for readers, who may not have PyTorch
  };
  EXPECT_EQ(names(rows), expected);
}

// The comparison itself: it sees a wrong digit, a wrong shape, a NaN.
TEST(Goldens, DeviationSeesErrors) {
  Tensor b = from_vector<double>({1, 2, 3});
  EXPECT_EQ(deviation(b, b).worst, 0);
  EXPECT_NEAR(deviation(from_vector<double>({1, 2, 3 + 3e-6}), b).worst, 1e-6, 1e-12);
  EXPECT_GT(deviation(from_vector<double>({1, 2, NAN}), b).worst, 1);
  EXPECT_GT(deviation(b, from_vector<double>({1, INFINITY, 3})).worst, 1);
  EXPECT_GT(deviation(b.reshape({3, 1}), b).worst, 1);
  Tensor small = from_vector<double>({1e-9, 1000});
  EXPECT_LT(deviation(from_vector<double>({2e-9, 1000}), small).worst, 1e-6);
  EXPECT_NEAR(deviation(from_vector<double>({2e-9, 1000}), small, true).worst, 1, 1e-9);
}

}  // namespace
}  // namespace melgrad::op_cases
