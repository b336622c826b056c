#include <gtest/gtest.h>

#include <cmath>

#include "kernels/reference/reference.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

// Two parameters of odd sizes (the second large enough for several threads), their gradients and
// states.
template <class T>
struct Parameters {
  std::vector<T> w[2], g[2], state1[2], state2[2];

  Parameters() {
    for (unsigned k = 0; k < 2; ++k) {
      i64 n = k == 0 ? 7 : 70'021;
      w[k] = testing::random_values<T>(n, -1, 1, k);
      g[k] = testing::random_values<T>(n, -1, 1, k + 10);
      state1[k].resize(w[k].size());
      state2[k].resize(w[k].size());
    }
  }
  std::vector<ParameterSlot> slots(bool with_state2 = true) {
    std::vector<ParameterSlot> result;
    for (int k = 0; k < 2; ++k)
      result.push_back({w[k].data(), g[k].data(), state1[k].data(),
                        with_state2 ? state2[k].data() : nullptr, static_cast<i64>(w[k].size())});
    return result;
  }
};

constexpr double lr = .01;

// Four steps in f32, and by the plain loops in f64: step(dtype, slots, settings). RMSprop's velocity
// is a sum of g/√s, which of gradients that cancelled has few digits (errors up to 2e-3 were seen), and
// is not compared.
template <class F>
void expect_follows(OptimizerSettings settings, F step, double tolerance, bool with_state2 = true,
                    bool is_rmsprop = false) {
  Parameters<float> p;
  Parameters<double> exact;
  for (unsigned k = 0; k < 2; ++k) {
    exact.w[k] = testing::as_f64(p.w[k]);
    exact.g[k] = testing::as_f64(p.g[k]);
  }
  settings.lr = lr, settings.weight_decay = .1, settings.grad_scale = .5;
  OptimizerSettings exact_settings = settings;
  auto slots = p.slots(with_state2), exact_slots = exact.slots(with_state2);
  for (int t = 0; t < 4; ++t) {
    step(Dtype::f32, slots, &settings);
    step(Dtype::f64, exact_slots, &exact_settings);
  }
  for (int k = 0; k < 2; ++k) {
    testing::expect_near(p.w[k], exact.w[k], tolerance);
    testing::expect_near(p.state1[k], exact.state1[k], tolerance);
    if (!is_rmsprop) testing::expect_near(p.state2[k], exact.state2[k], tolerance);
  }
  EXPECT_EQ(settings.step, 4);
  EXPECT_EQ(exact_settings.step, 4);
}

TEST(Sgd, FollowsItsFormula) {
  for (SgdKind kind : {SgdKind::plain, SgdKind::momentum, SgdKind::nesterov})
    expect_follows(
        {.momentum = .9, .dampening = .25},
        [=](Dtype dtype, const auto& slots, auto* s) { cpu().sgd(kind, dtype, slots, s); }, 3e-7);
}

TEST(Adam, FollowsItsFormula) {
  for (AdamKind kind : {AdamKind::coupled, AdamKind::decoupled})
    expect_follows(
        {.beta1 = .9, .beta2 = .99, .eps = 1e-8},
        [=](Dtype dtype, const auto& slots, auto* s) { cpu().adam(kind, dtype, slots, s); }, 3e-7);
}

TEST(Rmsprop, FollowsItsFormula) {
  for (bool with_momentum : {true, false})
    expect_follows(
        {.momentum = .8, .beta2 = .99, .eps = 1e-8},
        [](Dtype dtype, const auto& slots, auto* s) { cpu().rmsprop(dtype, slots, s); }, 1e-6,
        with_momentum, true);
}

// The reference itself, by hand.
TEST(Adam, TheReferencesFirstStepIsTheLearningRate) {
  double w = 1, g = .25, m = 0, v = 0;
  ParameterSlot slot{&w, &g, &m, &v, 1};
  OptimizerSettings s{.lr = lr, .beta1 = .9, .beta2 = .99};
  reference::adam(AdamKind::coupled, {&slot, 1}, s);
  EXPECT_NEAR(w, 1 - lr, 1e-15) << "m/√v is 1, whatever g is";
  EXPECT_NEAR(m, .025, 1e-16);
  EXPECT_NEAR(v, .01 * .0625, 1e-16);
}

TEST(Optimizers, DoNotDependOnTheThreadsAndRefuseBf16) {
  auto results = testing::with_1_2_64_threads([] {
    Parameters<float> p;
    OptimizerSettings s{.lr = lr, .weight_decay = .1};
    s.beta1 = .9;
    s.beta2 = .99;
    s.eps = 1e-8;
    cpu().adam(AdamKind::coupled, Dtype::f32, p.slots(), &s);
    return p.w[1];
  });
  EXPECT_TRUE(testing::same_bits(results[0], results[1]));
  EXPECT_TRUE(testing::same_bits(results[0], results[2]));
  OptimizerSettings s;
  EXPECT_THROW(cpu().adam(AdamKind::coupled, Dtype::bf16, {}, &s), Error);
}

}  // namespace
}  // namespace melgrad
