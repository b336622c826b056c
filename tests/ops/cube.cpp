#include "autograd/function.h"
#include "tests/ops/goldens.h"

// The exercise of docs/adding_an_operation.md: an operation and a row, as they stand there, go through
// everything that the other rows do.
namespace melgrad {
namespace {

// y  = x³
// dx = 3 x² dy
struct Cube final : Function {
  Saved x;
  std::string_view name() const override { return "cube"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return (x = input) * input * input; }
  Gradients backward(const Gradients& dy) override { return {square(x) * dy[0] * 3}; }
};

}  // namespace

Variable cube(const Variable& x) { return apply(Cube(), x); }

namespace op_cases {

const Rows& all_and_exercise() {
  static const Rows rows = [] {
    Rows found = all();
    found.insert(
        found.end(),
        {
            {"cube", op([](V x) { return cube(x); }), {uniform({4, 7})}, {.golden = false}},
        });
    return found;
  }();
  return rows;
}

}  // namespace op_cases
}  // namespace melgrad
