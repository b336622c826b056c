#pragma once
#include <optional>
#include <string>

#include "tests/op_cases.h"

/// What the tests of tests/op_cases.h have in common: the stored answers, and how two tensors are
/// compared.
namespace melgrad::op_cases {

/// The table, and the row of docs/adding_an_operation.md's exercise (cube.cpp).
const Rows& all_and_exercise();

/// The tensor named "row:what" of tests/goldens/ops.safetensors ("y0", "dx1", "x0"), if it is there.
std::optional<Tensor> golden(const std::string& row, const std::string& what);
/// Names of all rows in the file.
std::vector<std::string> golden_rows();

/// The largest |a − b| / max(|b|, mean |b|, 1/1000), or |a − b| / |b| if `exact`; infinite where
/// shapes differ or only one is NaN or infinite. Compared as f64 whatever the dtypes.
struct Deviation {
  double worst = 0;
  std::string where;  // for messages: position and both values
};
Deviation deviation(const Tensor& a, const Tensor& b, bool exact = false);

/// A row's outputs, and the gradients of its inputs when `projection` is sent into the outputs;
/// undefined ones where none arrived.
struct Result {
  std::vector<Tensor> y, dx;
};
/// dy is passed through `lay_out` first, so that it can lie oddly in memory, or be another.
using LayOut = std::function<Tensor(const Tensor&)>;
Result run(const Case& row, const Inputs& inputs, const LayOut& lay_out = nullptr);

/// A row's result in f64, by the plain loops, for inputs and gradients such as `dtype` holds them.
Result run_reference(const Case& row, Dtype dtype);
Inputs as_f64(const Inputs& inputs);
Tensor as_bf16(const Tensor& x);  // rounded; of x's dtype

/// Every output and gradient deviates by at most `tolerance`; the same gradients are there.
void expect_agree(const Result& result, const Result& expected, double tolerance, bool exact);

/// Copies that lie oddly in memory: with the last axis outermost …
Tensor reversed_axes(const Tensor& x);
/// … and in the middle of the storage, where no vector of four can be read; of four axes as channels-last.
Tensor shifted(const Tensor& x);

/// GoogleTest's name of a row: letters, digits and _.
std::string test_name(const Case& row);

}  // namespace melgrad::op_cases
