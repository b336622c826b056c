#include <gtest/gtest.h>

#include <cmath>
#include <functional>

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

// One element through `steps` steps of the textbook: new w from w, gradient and its own state.
using Formula = std::function<double(double w, double g, double t, double& s1, double& s2)>;

template <class T>
void check_optimizer(const Formula& formula,
                     const std::function<void(Dtype, std::span<const ParameterSlot>)>& step,
                     double tolerance, bool with_state2 = true) {
  constexpr int steps = 4;
  Parameters<T> p, start;
  auto slots = p.slots(with_state2);
  for (int t = 0; t < steps; ++t) step(dtype_of<T>, slots);
  for (int k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < p.w[k].size(); ++i) {
      double w = start.w[k][i], s1 = 0, s2 = 0;
      for (int t = 1; t <= steps; ++t) w = formula(w, start.g[k][i], t, s1, s2);
      ASSERT_NEAR(p.w[k][i], w, tolerance) << "parameter " << k << ", element " << i;
      ASSERT_NEAR(p.state1[k][i], s1, tolerance);
    }
}

constexpr double lr = .01, decay = .1, scale = .5;

TEST(Sgd, FollowsItsFormula) {
  for (SgdKind kind : {SgdKind::plain, SgdKind::momentum, SgdKind::nesterov}) {
    Formula formula = [=](double w, double g, double t, double& v, double&) {
      g = scale * g + decay * w;
      if (kind == SgdKind::plain) return w - lr * g;
      v = t == 1 ? g : .9 * v + (1 - .25) * g;
      return w - lr * (kind == SgdKind::nesterov ? g + .9 * v : v);
    };
    auto run = [=](OptimizerSettings& s) {
      return [&s, kind](Dtype dtype, auto slots) { cpu().sgd(kind, dtype, slots, &s); };
    };
    OptimizerSettings s{.lr = lr, .weight_decay = decay, .momentum = .9, .dampening = .25};
    s.grad_scale = scale;
    OptimizerSettings s32 = s;
    check_optimizer<double>(formula, run(s), 1e-15);
    check_optimizer<float>(formula, run(s32), 3e-7);
    EXPECT_EQ(s.step, 4);
  }
}

TEST(Adam, FollowsItsFormula) {
  for (AdamKind kind : {AdamKind::coupled, AdamKind::decoupled}) {
    Formula formula = [=](double w, double g, double t, double& m, double& v) {
      g *= scale;
      if (kind == AdamKind::coupled)
        g += decay * w;
      else
        w *= 1 - lr * decay;
      m = .9 * m + .1 * g;
      v = .99 * v + .01 * g * g;
      double m_hat = m / (1 - std::pow(.9, t)), v_hat = v / (1 - std::pow(.99, t));
      return w - lr * m_hat / (std::sqrt(v_hat) + 1e-8);
    };
    auto run = [=](OptimizerSettings& s) {
      return [&s, kind](Dtype dtype, auto slots) { cpu().adam(kind, dtype, slots, &s); };
    };
    OptimizerSettings s{.lr = lr, .weight_decay = decay};
    s.beta1 = .9;
    s.beta2 = .99;
    s.eps = 1e-8;
    s.grad_scale = scale;
    OptimizerSettings s32 = s;
    check_optimizer<double>(formula, run(s), 1e-14);
    check_optimizer<float>(formula, run(s32), 3e-7);
    EXPECT_EQ(s.step, 4);
  }
}

TEST(Rmsprop, FollowsItsFormula) {
  for (bool with_momentum : {true, false}) {
    Formula formula = [=](double w, double g, double, double& mean, double& v) {
      g = scale * g + decay * w;
      mean = .99 * mean + .01 * g * g;
      double r = g / (std::sqrt(mean) + 1e-8);
      v = with_momentum ? .8 * v + r : r;
      return w - lr * v;
    };
    auto run = [=](OptimizerSettings& s) {
      return [&s](Dtype dtype, auto slots) { cpu().rmsprop(dtype, slots, &s); };
    };
    OptimizerSettings s{.lr = lr, .weight_decay = decay, .momentum = .8};
    s.beta2 = .99;
    s.eps = 1e-8;
    s.grad_scale = scale;
    OptimizerSettings s32 = s;
    check_optimizer<double>(formula, run(s), 1e-14, with_momentum);
    check_optimizer<float>(formula, run(s32), 1e-6, with_momentum);
    EXPECT_EQ(s.step, 4);
  }
}

TEST(Optimizers, DoNotDependOnTheThreadsAndRefuseBf16) {
  auto results = testing::with_1_2_64_threads([] {
    Parameters<float> p;
    OptimizerSettings s{.lr = lr, .weight_decay = decay};
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
