#include "autograd/tools/gradcheck.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/function.h"
#include "autograd/functions.h"
#include "tests/autograd/expect_error.h"

// A checker is worth what it refuses.
namespace melgrad {
namespace {

/// y = x², with a gradient that is `factor` times the right one at element `where`, or everywhere.
struct BiasedSquare final : Function {
  double factor;
  i64 at;
  Saved x;
  explicit BiasedSquare(double f, i64 element = -1) : factor(f), at(element) {}
  std::string_view name() const override { return "biased_square"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return square(x = input); }
  Gradients backward(const Gradients& dy) override {
    Tensor dx = x * dy[0] * 2;
    (at < 0 ? dx : dx.select(0, at)).mul_(factor);
    return {dx};
  }
};

GradcheckResult check_square(double factor, i64 at = -1) {
  Variable x(from_vector(std::vector<double>{.5, -1.5, 2}), true);
  return gradcheck(
      [=](const std::vector<Variable>& in) {
        return std::vector<Variable>{apply(BiasedSquare(factor, at), in[0])};
      },
      {x});
}

TEST(Gradcheck, PassesTheRightGradient) {
  GradcheckResult result = check_square(1);
  EXPECT_TRUE(result.passed) << result.message;
  EXPECT_EQ(result.message, "");
  EXPECT_LT(result.worst, 1e-8);
}

TEST(Gradcheck, CatchesAThousandth) { EXPECT_FALSE(check_square(1.001).passed); }
TEST(Gradcheck, CatchesAMillionth) { EXPECT_FALSE(check_square(1.000001).passed); }
TEST(Gradcheck, CatchesNaN) { EXPECT_FALSE(check_square(NAN).passed); }
TEST(Gradcheck, CatchesNaNAtAnySingleElement) {
  for (i64 at : {0, 1, 2}) {
    GradcheckResult result = check_square(NAN, at);
    EXPECT_FALSE(result.passed) << "element " << at;
    EXPECT_NE(result.message.find(format("at ({},)", at)), std::string::npos) << result.message;
  }
}
TEST(Gradcheck, CatchesAMissingGradient) { EXPECT_FALSE(check_square(0).passed); }

TEST(Gradcheck, NamesTheElement) {
  GradcheckResult result = check_square(1.001, 2);
  EXPECT_FALSE(result.passed);
  EXPECT_NE(result.message.find("input 0 at (2,)"), std::string::npos) << result.message;
}

TEST(Gradcheck, CatchesASwapWithinAnOutput) {
  // The weights of the projection differ, so a gradient at the wrong place is seen.
  struct Flipped final : Function {
    std::string_view name() const override { return "flipped"; }
    static Tensor forward(const Tensor& x) { return x * 1; }
    Gradients backward(const Gradients& dy) override { return {dy[0].flip(0)}; }
  };
  Variable x(from_vector(std::vector<double>{1, 2, 3}), true);
  EXPECT_FALSE(
      gradcheck([](auto& in) { return std::vector{apply(Flipped(), in[0])}; }, {x}).passed);
}

TEST(Gradcheck, LeavesItsInputsAlone) {
  Variable x(from_vector(std::vector<double>{1, 2, 3}), true);
  u64 version = x.data().storage()->version();
  gradcheck([](auto& in) { return std::vector{square(in[0])}; }, {x});
  EXPECT_EQ(x.data().storage()->version(), version);
  EXPECT_FALSE(x.grad().defined());
}

TEST(Gradcheck, TellsElementsOfATransposedInputApart) {
  Variable x(arange(6, Dtype::f64).reshape({2, 3}).transpose(0, 1), true);
  Tensor factors = arange(6, Dtype::f64).reshape({3, 2});
  auto result = gradcheck([&](auto& in) { return std::vector{in[0] * Variable(factors)}; }, {x});
  EXPECT_TRUE(result.passed) << result.message;
}

TEST(Gradcheck, RefusesWhatIsNotDeterministic) {
  Generator generator(1);
  Variable x(ones({100}, Dtype::f64), true);
  auto result =
      gradcheck([&](auto& in) { return std::vector{dropout(in[0], .5, generator)}; }, {x});
  EXPECT_FALSE(result.passed);
  EXPECT_NE(result.message.find("not deterministic"), std::string::npos);
}

TEST(Gradcheck, NeedsSomethingToCheck) {
  Variable x(ones({2}, Dtype::f64)), single(ones({2}), true), wanted(ones({2}, Dtype::f64), true);
  auto same = [](const std::vector<Variable>& in) { return in; };
  EXPECT_ERROR(gradcheck(same, {x}), "no input requires");
  EXPECT_ERROR(gradcheck(same, {single}), "not f64");
  auto cut = [](const std::vector<Variable>& in) { return std::vector{in[0].detach()}; };
  EXPECT_ERROR(gradcheck(cut, {wanted}), "no output depends");
}

}  // namespace
}  // namespace melgrad
