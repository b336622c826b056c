#include <gtest/gtest.h>

#include "autograd/function.h"
#include "tests/ops/goldens.h"

// Whoever writes to a tensor between forward and backward gets an error or the same gradients, never
// wrong ones: each row, each of its inputs and outputs.
namespace melgrad::op_cases {
namespace {

// Other values of the same kind, written in place: whole numbers become 0, a mask its opposite.
void change(Tensor& x) {
  if (x.dtype() == Dtype::i64)
    x.fill_(0);
  else if (x.dtype() == Dtype::u8)
    x.copy_(x == zeros_like(x));
  else
    x.copy_(x * .5 + .25);
}

void backward(const std::vector<Variable>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].requires_grad()) outputs[i].backward(projection(outputs[i].data(), i), true);
}

std::vector<Tensor> gradients(const Inputs& inputs) {
  std::vector<Tensor> found;
  for (const Variable& x : inputs) found.push_back(x.requires_grad() ? x.grad() : Tensor());
  return found;
}

// Empty if `changed` is an error in backward or changes no gradient.
std::string silent_change(const Case& row, const std::vector<Tensor>& expected, std::size_t which,
                          bool of_outputs) {
  Inputs inputs = make_inputs(row, Dtype::f64);
  std::vector<Variable> outputs = row.forward(inputs);
  try {
    change((of_outputs ? outputs : inputs)[which].mutable_data());
    backward(outputs);
  } catch (const Error& error) {
    std::string text = error.what();
    for (const char* right : {"changed in place", "[copy_] the target is an expanded view"})
      if (text.find(right) != std::string::npos) return "";
    return text;
  }
  std::vector<Tensor> found = gradients(inputs);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i].defined() && !allclose(found[i], expected[i], 0, 0))
      return format("the gradient of input {} changed", i);
  return "";
}

class SavedOf : public testing::TestWithParam<Case> {};

TEST_P(SavedOf, InPlaceChangesAreSeen) {
  const Case& row = GetParam();
  Inputs inputs = make_inputs(row, Dtype::f64);
  std::vector<Variable> outputs = row.forward(inputs);
  backward(outputs);
  std::vector<Tensor> expected = gradients(inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_EQ(silent_change(row, expected, i, false), "") << "input " << i;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    EXPECT_EQ(silent_change(row, expected, i, true), "") << "output " << i;
}

// What is not listed in saved() is not freed by backward, either.
TEST_P(SavedOf, IsFreedByBackward) {
  const Case& row = GetParam();
  Inputs inputs = make_inputs(row, Dtype::f64);
  std::vector<long> before;
  for (const Variable& x : inputs) before.push_back(x.data().storage().use_count());
  std::vector<Variable> outputs = row.forward(inputs);
  if (!outputs[0].requires_grad()) return;
  std::shared_ptr<Function> graph = outputs[0].creator();  // it stays
  Tensor y = outputs[0].data();
  outputs[0].backward(projection(y, 0));
  outputs.clear();
  bool is_view = false;
  for (const Variable& x : inputs) is_view |= x.data().shares_storage(y);
  EXPECT_TRUE(is_view || y.storage().use_count() == 1) << "the output";
  y = {};
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_EQ(inputs[i].data().storage().use_count(), before[i]) << "input " << i;
}

Rows differentiable() {
  Rows found;
  for (const Case& row : all_and_exercise())
    if (!row.options.forward_only) found.push_back(row);
  return found;
}
INSTANTIATE_TEST_SUITE_P(Rows, SavedOf, testing::ValuesIn(differentiable()),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace melgrad::op_cases
