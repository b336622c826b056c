// Optimisers against PyTorch: 20 steps on gradients that depend on the weights.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"
#include "tensor/files/safetensors.h"
#include "tensor/ops.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

using Made = std::unique_ptr<Optimizer>;
struct Case {
  const char* name;
  std::function<Made(const NamedParameters&)> make;
};

const std::vector<Case> cases{
    {"sgd",
     [](auto& p) -> Made {
       return std::make_unique<SGD>(p, SGDSettings{.lr = .1, .weight_decay = .01});
     }},
    {"sgd_momentum",
     [](auto& p) -> Made {
       return std::make_unique<SGD>(
           p, SGDSettings{.lr = .1, .momentum = .9, .dampening = .3, .weight_decay = .01});
     }},
    {"sgd_nesterov",
     [](auto& p) -> Made {
       return std::make_unique<SGD>(p, SGDSettings{.lr = .1, .momentum = .9, .nesterov = true});
     }},
    {"adam", [](auto& p) -> Made { return std::make_unique<Adam>(p, AdamSettings{.lr = .01}); }},
    {"adam_decay",
     [](auto& p) -> Made {
       return std::make_unique<Adam>(
           p, AdamSettings{.lr = .01, .beta1 = .8, .beta2 = .95, .eps = 1e-6, .weight_decay = .1});
     }},
    {"adamw",
     [](auto& p) -> Made {
       return std::make_unique<AdamW>(p, AdamWSettings{.lr = .01, .weight_decay = .1});
     }},
    {"adamw_groups",
     [](auto& p) -> Made {
       std::vector<ParameterGroup> groups{{{p[0]}, .1, 0.}, {{p[1]}}};
       return std::make_unique<AdamW>(groups, AdamWSettings{.lr = .01, .weight_decay = .01});
     }},
    {"adam_idle",
     [](auto& p) -> Made { return std::make_unique<Adam>(p, AdamSettings{.lr = .01}); }},
    {"rmsprop",
     [](auto& p) -> Made { return std::make_unique<RMSprop>(p, RMSpropSettings{.lr = .01}); }},
    {"rmsprop_momentum",
     [](auto& p) -> Made {
       return std::make_unique<RMSprop>(
           p, RMSpropSettings{.lr = .01, .alpha = .9, .momentum = .9, .weight_decay = .1});
     }},
};

NamedParameters make_parameters(Dtype dtype = Dtype::f64) {
  return {{"a", Variable(hashed(1, {3, 4}).to(dtype), true)},
          {"b", Variable(hashed(2, {5}).to(dtype), true)}};
}

// Steps `begin` … `end` − 1 of the script's run; `idle`: b has no gradient in every third step.
Tensor run(Optimizer& optimizer, NamedParameters& parameters, i64 begin, i64 end, bool idle) {
  std::vector<Tensor> path;
  for (i64 t = begin; t < end; ++t) {
    std::vector<Tensor> flat;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Variable& p = parameters[i].second;
      u64 key = 100 + 2 * static_cast<u64>(t) + i;
      p.mutable_grad() = hashed(key, p.shape()).to(p.dtype()) + p.data() * .1;
      if (idle && i == 1 && t % 3 == 1) p.zero_grad();
    }
    optimizer.step();
    for (auto& [name, p] : parameters) flat.push_back(p.data().flatten().clone());
    path.push_back(cat(flat));
  }
  return stack(path);
}

const std::map<std::string, Tensor>& goldens() {
  static const auto file = load_safetensors(MELGRAD_TEST_DATA "/goldens/optim.safetensors");
  return file.tensors;
}

class Optimizers : public ::testing::TestWithParam<Case> {};

TEST_P(Optimizers, FollowPyTorchFor20Steps) {
  NamedParameters parameters = make_parameters();
  Made optimizer = GetParam().make(parameters);
  bool idle = std::string(GetParam().name) == "adam_idle";
  Tensor path = run(*optimizer, parameters, 0, 20, idle);
  EXPECT_LT(largest_difference(path, goldens().at(GetParam().name)), 1e-12);
}

TEST_P(Optimizers, ResumeBitForBit) {
  bool idle = std::string(GetParam().name) == "adam_idle";
  NamedParameters straight = make_parameters(Dtype::f32);
  Made optimizer = GetParam().make(straight);
  run(*optimizer, straight, 0, 7, idle);
  optimizer->set_lr(0, .037);
  StateDict state = optimizer->state_dict();
  NamedParameters resumed = make_parameters(Dtype::f32);
  for (std::size_t i = 0; i < 2; ++i)
    resumed[i].second.mutable_data().copy_(straight[i].second.data());
  Tensor path = run(*optimizer, straight, 7, 20, idle);

  Made again = GetParam().make(resumed);
  again->load_state_dict(state);
  EXPECT_EQ(again->lr(0), .037);
  EXPECT_EQ(again->steps(), 7);
  EXPECT_TRUE(equal(run(*again, resumed, 7, 20, idle), path));
}

INSTANTIATE_TEST_SUITE_P(All, Optimizers, ::testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Optimizer, LeavesFrozenParametersAlone) {
  NamedParameters parameters = make_parameters();
  Adam optimizer(parameters);
  Tensor before = parameters[1].second.data().clone();
  parameters[0].second.mutable_grad() = ones({3, 4}, Dtype::f64);
  optimizer.step();
  EXPECT_TRUE(equal(parameters[1].second.data(), before));
  EXPECT_FALSE(optimizer.state_dict().contains("b.exp_avg"));
  EXPECT_EQ(optimizer.state_dict().at("b.step").item(), 0);
}

// Their state is taken at once, of those that are trained: a recorded or steady step takes no memory.
TEST(Optimizer, HasItsStateBeforeTheFirstStep) {
  constexpr i64 values = 1 << 18;  // beyond what small blocks are rounded to
  NamedParameters parameters{{"trained", Variable(zeros({values}), true)},
                             {"frozen", Variable(zeros({values}), false)}};
  auto in_use = [] { return backend({}).memory_stats().in_use; };
  std::size_t before = in_use();
  Adam optimizer(parameters);
  std::size_t made = in_use() - before, both = 2 * sizeof(float) * values;
  EXPECT_GE(made, both);
  EXPECT_LT(made, both + both / 2);
  parameters[0].second.mutable_grad() = full({values}, 1);
  std::size_t ready = in_use();
  optimizer.step();
  EXPECT_LT(in_use() - ready, 4096U) << "but for numbers that change from step to step";
}

TEST(Optimizer, GradientInAnotherOrderOfMemory) {
  Variable w(zeros({2, 3}, Dtype::f64), true);
  SGD optimizer(NamedParameters{{"w", w}}, {.lr = 1});
  w.mutable_grad() = from_vector<double>({1, 2, 3, 4, 5, 6}, {3, 2}).transpose(0, 1);
  optimizer.step();
  EXPECT_EQ(w.data().to_vector<double>(), (std::vector<double>{-1, -3, -5, -2, -4, -6}));
}

TEST(Optimizer, ScalesGradients) {
  Variable w(zeros({1}), true);
  SGD optimizer(NamedParameters{{"w", w}}, {.lr = 1});
  optimizer.set_grad_scale(.25);
  w.mutable_grad() = full({1}, 8);
  optimizer.step();
  EXPECT_EQ(w.item(), -2);
}

TEST(Optimizer, RefusesAnotherNetsState) {
  NamedParameters parameters = make_parameters();
  Adam optimizer(parameters);
  run(optimizer, parameters, 0, 2, false);
  StateDict state = optimizer.state_dict();
  NamedParameters others = make_parameters();
  others[1].first = "c";
  Adam other(others);
  EXPECT_THROW(other.load_state_dict(state), Error);
  StateDict more = state;
  more["d.exp_avg"] = zeros({5}, Dtype::f64);
  EXPECT_THROW(optimizer.load_state_dict(more), Error) << "an entry too many";
  state["b.exp_avg"] = zeros({7}, Dtype::f64);
  EXPECT_THROW(optimizer.load_state_dict(state), Error);
  EXPECT_EQ(optimizer.steps(), 2);
}

TEST(Optimizer, RefusesWhatMakesNoSense) {
  NamedParameters parameters = make_parameters();
  EXPECT_THROW(SGD(NamedParameters{}), Error);
  EXPECT_THROW(SGD(NamedParameters{parameters[0], parameters[0]}), Error);
  EXPECT_THROW(SGD(parameters, {.nesterov = true}), Error);
  EXPECT_THROW(Adam(parameters, {.beta1 = 1}), Error);
  EXPECT_THROW(RMSprop(parameters, {.lr = -1}), Error);
}

// With the settings of another optimiser a default of its own would be lost without a word.
TEST(Optimizer, AdamWKeepsItsDecay) {
  static_assert(!std::is_constructible_v<AdamW, NamedParameters, AdamSettings>);
  static_assert(!std::is_constructible_v<Adam, NamedParameters, AdamWSettings>);
  NamedParameters parameters = make_parameters();
  Tensor before = parameters[0].second.data().clone();
  AdamW optimizer(parameters, {.lr = .1});
  for (auto& [name, p] : parameters) p.mutable_grad() = zeros_like(p.data());
  optimizer.step();
  EXPECT_TRUE(allclose(parameters[0].second.data(), before * (1 - .1 * .01), 1e-15, 0));
}

TEST(Clip, ScalesToTheNorm) {
  NamedParameters parameters = make_parameters();
  parameters[0].second.mutable_grad() = full({3, 4}, 1, Dtype::f64);
  parameters[1].second.mutable_grad() = full({5}, 2, Dtype::f64);
  double norm = std::sqrt(12 + 5 * 4);
  EXPECT_DOUBLE_EQ(clip_grad_norm(parameters, 100).item(), norm);
  EXPECT_DOUBLE_EQ(parameters[1].second.grad().select(0, 0).item(), 2);
  EXPECT_DOUBLE_EQ(clip_grad_norm(parameters, 1.5).item(), norm);
  EXPECT_DOUBLE_EQ(parameters[1].second.grad().select(0, 0).item(), 2 * 1.5 / (norm + 1e-6));
}

TEST(Clip, ClampsValues) {
  NamedParameters parameters = make_parameters();
  parameters[1].second.mutable_grad() = from_vector<double>({-3, -1, 0, 1, 3});
  clip_grad_value(parameters, 2);
  EXPECT_EQ(parameters[1].second.grad().to_vector<double>(),
            (std::vector<double>{-2, -1, 0, 1, 2}));
  EXPECT_FALSE(parameters[0].second.grad().defined());
}

}  // namespace
}  // namespace melgrad
