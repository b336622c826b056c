#include <gtest/gtest.h>

#include "autograd/function.h"
#include "autograd/functions.h"
#include "tests/autograd/expect_error.h"

// What backward refuses, and in which state that leaves the graph.
namespace melgrad {
namespace {

Variable leaf(const std::vector<double>& values) { return {from_vector(values), true}; }
std::vector<double> values(const Tensor& x) { return x.to_vector<double>(); }
using Values = std::vector<double>;

TEST(Refusals, ARootThatRequiresNoGradient) {
  Variable x(from_vector(Values{1}));
  EXPECT_ERROR((x * 2).backward(), "requires a gradient");
}

TEST(Refusals, ARootOfSeveralElementsWithoutGradient) {
  Variable x = leaf({1, 2});
  EXPECT_ERROR((x * 2).backward(), "several elements");
  EXPECT_ERROR((x * 2).backward(from_vector(Values{1})), "its gradient");
  EXPECT_ERROR((x * 2).backward(ones({2}, Dtype::f32)), "its gradient");
}

TEST(Refusals, ASecondBackwardUnlessRetained) {
  Variable x = leaf({3});
  Variable y = square(x);
  y.backward({}, true);
  y.backward();
  EXPECT_EQ(values(x.grad()), Values{12});
  EXPECT_ERROR(y.backward(), "[backward] the graph of square was freed");
  EXPECT_EQ(values(x.grad()), Values{12});
}

TEST(Refusals, ASecondBackwardThroughASharedPart) {
  Variable x = leaf({3});
  Variable shared = x + 1;  // saves nothing, and yet its graph is gone
  Variable a = shared * 2, b = shared * 4;
  a.backward();
  EXPECT_ERROR(b.backward(), "the graph of add was freed");
  EXPECT_EQ(values(x.grad()), Values{2});
}

TEST(Refusals, AnInPlaceChangeOfASavedValue) {
  Variable x = leaf({3});
  Variable y = exp(x);
  y.mutable_data().add_(from_vector(Values{1}));
  EXPECT_ERROR(y.backward(), "[exp] a tensor saved for backward was changed in place");
}

TEST(Refusals, AnInPlaceChangeThroughAView) {
  Variable x(ones({2, 2}, Dtype::f64), true);
  Variable y = sum(square(x));
  x.data().select(0, 1).fill_(5);
  EXPECT_ERROR(y.backward(), "[square]");
}

TEST(Refusals, NoneForAChangeOfWhatWasNotSaved) {
  Variable x = leaf({3});
  Variable y = x + 1;
  x.mutable_data().fill_(9);
  EXPECT_NO_THROW(y.backward());
}

/// Backward returns what it was told to.
struct Wrong final : Function {
  Gradients answer;
  explicit Wrong(Gradients gradients) : answer(std::move(gradients)) {}
  std::string_view name() const override { return "wrong"; }
  static Tensor forward(const Tensor& x) { return x * 1; }
  Gradients backward(const Gradients&) override { return answer; }
};

TEST(Refusals, GradientsOfAnotherShapeDtypeOrNumber) {
  Variable x = leaf({1, 2});
  auto backward_giving = [&](const Gradients& answer) { sum(apply(Wrong(answer), x)).backward(); };
  EXPECT_ERROR(backward_giving({ones({1}, Dtype::f64)}), "[wrong] backward gave");
  EXPECT_ERROR(backward_giving({ones({2}, Dtype::f32)}), "[wrong] backward gave");
  EXPECT_ERROR(backward_giving({}), "0 gradients for 1 inputs");
  EXPECT_FALSE(x.grad().defined());
}

struct Throwing final : Function {
  std::string_view name() const override { return "throwing"; }
  static Tensor forward(const Tensor& x) { return x * 1; }
  Gradients backward(const Gradients&) override { throw std::runtime_error("no"); }
};

TEST(Refusals, AnExceptionInBackwardLeavesTheEngineUsable) {
  Variable x = leaf({2});
  Variable below = x * 3;
  Variable y = apply(Throwing(), below) + below * 2;  // the last operand's path comes first
  EXPECT_THROW(y.backward(), std::runtime_error);
  x.zero_grad();
  (x * x).backward();
  EXPECT_EQ(values(x.grad()), Values{4});
  // `below` had received a gradient when the other path threw; the next backward begins without it.
  x.zero_grad();
  (below * 5).backward();
  EXPECT_EQ(values(x.grad()), Values{15});
}

}  // namespace
}  // namespace melgrad
