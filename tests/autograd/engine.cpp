#include <gtest/gtest.h>

#include <cmath>

#include "autograd/function.h"
#include "autograd/functions.h"
#include "tests/autograd/expect_error.h"

namespace melgrad {
namespace {

Variable leaf(const std::vector<double>& values) { return {from_vector(values), true}; }
std::vector<double> values(const Tensor& x) { return x.to_vector<double>(); }
using Values = std::vector<double>;

// --- where gradients go

TEST(Engine, ChainRule) {
  Variable x = leaf({1, 2, 3});
  sum(square(x) * 3).backward();
  EXPECT_EQ(values(x.grad()), (Values{6, 12, 18}));
}

TEST(Engine, GradientsOfAllUsesAddUp) {
  Variable x = leaf({2});
  (x * x + x * 5 + x).backward();
  EXPECT_EQ(values(x.grad()), Values{2 * 2 + 5 + 1});
}

TEST(Engine, ADiamondRunsEachNodeOnce) {
  Variable x = leaf({1});
  Variable y = x;
  for (int i = 0; i < 60; ++i) y = y + y;  // 2^60 paths
  y.backward();
  EXPECT_EQ(values(x.grad()), Values{std::pow(2.0, 60)});
}

TEST(Engine, BackwardAccumulatesUntilZeroGrad) {
  Variable x = leaf({1, 2});
  for (int i = 0; i < 3; ++i) sum(x * 2).backward();
  EXPECT_EQ(values(x.grad()), (Values{6, 6}));
  x.zero_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST(Engine, ALeafCanBeTheRoot) {
  Variable x = leaf({3});
  x.backward();
  EXPECT_EQ(values(x.grad()), Values{1});
}

TEST(Engine, ARootOfSeveralElementsTakesAGradient) {
  Variable x = leaf({1, 2});
  (x * 2).backward(from_vector(Values{10, 100}));
  EXPECT_EQ(values(x.grad()), (Values{20, 200}));
}

TEST(Engine, DetachCutsTheGraph) {
  Variable x = leaf({3});
  (x * x.detach()).backward();
  EXPECT_EQ(values(x.grad()), Values{3});
  EXPECT_FALSE(x.detach().requires_grad());
}

TEST(Engine, BroadcastOperandsGetGradientsOfTheirShape) {
  Variable row = leaf({1, 2, 3});
  Variable column(from_vector(Values{1, 2}, {2, 1}), true);
  Variable number(scalar(2, Dtype::f64), true);
  sum(row * column + number).backward();
  EXPECT_EQ(values(row.grad()), (Values{3, 3, 3}));
  EXPECT_EQ(column.grad().shape(), (Shape{2, 1}));
  EXPECT_EQ(values(column.grad()), (Values{6, 6}));
  EXPECT_EQ(number.grad().shape(), Shape());
  EXPECT_EQ(number.grad().item(), 6);
}

TEST(Engine, OutputsThatNobodyUsedHaveNoGradient) {
  Variable x = leaf({1, 2, 3, 4, 5});
  std::vector<Variable> parts = split(x, 2);
  ASSERT_EQ(parts.size(), 3U);
  sum(parts[2] * 7).backward();
  EXPECT_EQ(values(x.grad()), (Values{0, 0, 0, 0, 7}));
}

TEST(Engine, ABranchWithoutGradientIsPassedOver) {
  Variable x = leaf({2}), unused = leaf({5});
  Variable zero = pow(unused * 2, 0);  // its derivative is 0 throughout: no gradient arrives
  (x * 3 + zero).backward();
  EXPECT_EQ(values(x.grad()), Values{3});
  EXPECT_FALSE(unused.grad().defined());
}

// --- what is computed and kept

/// Tells whether its graph stays.
struct Asked final : Function {
  bool* stays;
  explicit Asked(bool* answer) : stays(answer) {}
  std::string_view name() const override { return "asked"; }
  static Tensor forward(const Tensor& x) { return x * 1; }
  Gradients backward(const Gradients& dy) override {
    *stays = is_retained();
    return {dy[0]};
  }
};

TEST(Engine, AFunctionKnowsWhetherItsBackwardMayComeAgain) {
  bool stays = false;
  Variable x = leaf({1}), y = apply(Asked(&stays), x);
  y.backward({}, true);
  EXPECT_TRUE(stays);
  y.backward();
  EXPECT_FALSE(stays);
}

/// y = a b, counting the gradients asked of it.
struct Counted final : Function {
  std::vector<int>* asked;
  Saved a, b;
  explicit Counted(std::vector<int>* counts) : asked(counts) {}
  std::string_view name() const override { return "counted"; }
  std::vector<Saved*> saved() override { return {&a, &b}; }
  Tensor forward(const Tensor& left, const Tensor& right) { return (a = left) * (b = right); }
  Gradients backward(const Gradients& dy) override {
    Gradients d(2);
    if (needs(0)) ++(*asked)[0], d[0] = dy[0] * b;
    if (needs(1)) ++(*asked)[1], d[1] = dy[0] * a;
    return d;
  }
};

TEST(Engine, OnlyWantedGradientsAreComputed) {
  std::vector<int> asked(2);
  Variable a = leaf({2}), b(from_vector(Values{3}));
  apply(Counted(&asked), a, b).backward();
  EXPECT_EQ(asked, (std::vector<int>{1, 0}));
  EXPECT_EQ(values(a.grad()), Values{3});
  EXPECT_FALSE(b.grad().defined());
}

TEST(Engine, AGradientHasTheDtypeOfAnOperandThatWasPromoted) {
  Variable x(ones({3})), s(scalar(2, Dtype::f64), true);
  sum(x * s).backward();
  EXPECT_EQ(s.grad().dtype(), Dtype::f64);
  EXPECT_EQ(values(s.grad()), Values{3});
}

TEST(Engine, WithoutWantedGradientsThereIsNoGraph) {
  std::vector<int> asked(2);
  Variable a(from_vector(Values{2}));
  EXPECT_TRUE(apply(Counted(&asked), a, a).is_leaf());
  EXPECT_FALSE((a * a).requires_grad());
}

TEST(Engine, BackwardReleasesSavedValuesAsItGoes) {
  Variable x = leaf({2});
  Variable y = square(x);
  EXPECT_EQ(x.data().storage().use_count(), 2);
  y.backward();
  EXPECT_EQ(x.data().storage().use_count(), 1);
}

TEST(Engine, AnIntermediateValueThatNobodySavedIsFreed) {
  Variable x = leaf({2});
  Variable y = x + 1;
  std::weak_ptr<Storage> intermediate = y.data().storage();
  y = y + 1;
  EXPECT_TRUE(intermediate.expired());
  y.backward();
  EXPECT_EQ(values(x.grad()), Values{1});
}

TEST(Engine, AGraphMayOutliveItsLeaf) {
  Variable y;
  {
    Variable x = leaf({2});
    y = x * 3;
  }
  EXPECT_NO_THROW(y.backward());
}

// --- gradients are the leaf's own memory, in its order

TEST(Engine, GradientsAreNotSharedBetweenLeaves) {
  Variable a = leaf({1, 2}), b = leaf({3, 4});
  Tensor start = from_vector(Values{1, 1});
  (a + b).backward(start);
  EXPECT_FALSE(a.grad().shares_storage(b.grad()));
  EXPECT_FALSE(a.grad().shares_storage(start));
  EXPECT_FALSE(b.grad().shares_storage(start));
  a.mutable_grad().mul_(10);
  EXPECT_EQ(values(b.grad()), (Values{1, 1}));
  EXPECT_EQ(values(start), (Values{1, 1}));
}

TEST(Engine, AccumulationIsInPlaceOnlyWithoutOtherHolders) {
  Variable x = leaf({1, 2});
  sum(x).backward();
  void* memory = x.grad().raw();
  sum(x).backward();
  EXPECT_EQ(x.grad().raw(), memory);
  Tensor kept = x.grad();
  sum(x).backward();
  EXPECT_EQ(values(kept), (Values{2, 2}));
  EXPECT_EQ(values(x.grad()), (Values{3, 3}));
}

TEST(Engine, FanInDoesNotWriteIntoASharedGradient) {
  // dy of the sum goes to both operands; adding to one must not change the other.
  Variable x = leaf({1, 2});
  Variable a = x * 1, b = x * 1;
  a.retain_grad();
  b.retain_grad();
  Variable y = a + b;
  sum(y + a * 5).backward();
  EXPECT_EQ(values(a.grad()), (Values{6, 6}));
  EXPECT_EQ(values(b.grad()), (Values{1, 1}));
  EXPECT_EQ(values(x.grad()), (Values{7, 7}));
}

TEST(Engine, GradientsLieInMemoryLikeTheirLeaf) {
  Variable transposed(arange(6, Dtype::f64).reshape({2, 3}).transpose(0, 1), true);
  Variable weight(arange(24, Dtype::f64).reshape({2, 3, 2, 2}).channels_last(), true);
  sum(transposed * 2).backward();
  sum(square(weight)).backward();
  EXPECT_EQ(transposed.grad().strides(), transposed.data().strides());
  EXPECT_EQ(weight.grad().strides(), weight.data().strides());
  EXPECT_TRUE(allclose(weight.grad(), weight.data() * 2));
}

// --- leaves

TEST(Leaves, Flags) {
  Variable x(from_vector(Values{1}));
  EXPECT_TRUE(x.is_leaf());
  EXPECT_FALSE(x.requires_grad());
  x.set_requires_grad(true);
  Variable y = x * 2;
  EXPECT_TRUE(y.requires_grad());
  EXPECT_FALSE(y.is_leaf());
  EXPECT_EQ(y.creator()->name(), "mul");
  EXPECT_ERROR(y.set_requires_grad(false), "only leaves");
  x.set_requires_grad(false);
  EXPECT_FALSE((x * 2).requires_grad());
}

TEST(Leaves, IntegersHaveNoGradient) { EXPECT_ERROR(Variable(arange(3), true), "only floating"); }

TEST(Leaves, UndefinedVariablesSaySo) {
  Variable absent;
  EXPECT_FALSE(absent.defined());
  EXPECT_FALSE(absent.requires_grad());
  EXPECT_ERROR(absent.data(), "undefined");
  EXPECT_ERROR(Variable{Tensor()}, "undefined");
}

// --- hooks

TEST(Hooks, SeeTheWholeGradientOnceAndMayReplaceIt) {
  Variable x = leaf({2});
  int calls = 0;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    EXPECT_EQ(g.item(), 7);
    return g * 10;
  });
  (x * 3 + x * 4).backward();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(values(x.grad()), Values{70});
}

TEST(Hooks, OfIntermediateValuesActOnWhatIsBelow) {
  Variable x = leaf({2});
  {
    Variable y = x * 3;
    y.register_hook([](const Tensor& g) { return g * 2; });
    y.register_hook([](const Tensor&) { return Tensor(); });  // looks only
    x.register_hook([](const Tensor& g) {
      EXPECT_EQ(g.item(), 30);
      return Tensor();
    });
    y = y * 5;
    y.backward();
  }
  EXPECT_EQ(values(x.grad()), Values{30});
}

TEST(Hooks, RetainGradKeepsWhatHooksLeave) {
  Variable x = leaf({2});
  Variable y = x * 3;
  y.retain_grad();
  y.register_hook([](const Tensor& g) { return g * 2; });
  (y * 5).backward();
  EXPECT_EQ(values(y.grad()), Values{10});
  Variable unkept = x * 3;
  (unkept * 5).backward();
  EXPECT_FALSE(unkept.grad().defined());
}

TEST(Hooks, MustKeepTheShape) {
  Variable x = leaf({1, 2});
  x.register_hook([](const Tensor& g) { return sum(g); });
  Variable y = sum(x);
  EXPECT_ERROR(y.backward(), "hook");
}

TEST(Hooks, MayRunAnotherGraphBackwardButNotTheSame) {
  Variable x = leaf({2}), other = leaf({3});
  x.register_hook([&](const Tensor&) {
    (other * 2).backward();
    return Tensor();
  });
  (x * 3).backward();
  EXPECT_EQ(values(other.grad()), Values{2});
  Variable y = leaf({1});
  Variable z = y * 3;
  y.register_hook([&](const Tensor&) {
    (y * 2).backward();
    return Tensor();
  });
  EXPECT_ERROR(z.backward(), "being differentiated");
}

}  // namespace
}  // namespace melgrad
