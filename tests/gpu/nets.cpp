// What trains on the CPU trains on the GPU, and by the same numbers.
#include <gtest/gtest.h>

#include <cmath>

#include "layers/batch_norm.h"
#include "layers/dropout.h"
#include "layers/models/registry.h"
#include "optim/adam.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

/// A net from the registry, as published if not of another shape.
struct SmallNet {
  const char* name;
  Shape input = {};
  std::size_t steps = 3;
};

struct Training {
  std::vector<double> losses;
  StateDict state;
  u64 drawn = 0;
};

// x with every value off by `error`, up or down, relative.
void move(const Tensor& x, double error, Generator& generator) {
  Tensor up = (rand(x.shape(), generator) < .5).to(x.dtype());  // 1 or 0
  Tensor(x).copy_(x * (up * (2 * error) + (1 - error)));
}

// Some steps on three examples, with dropout. A `draw`: from weights that are off by what rounding of sums amounts to: √k 2⁻²⁴ where
// they have k terms (tests/gpu/bounds.cpp), here 288, a filter's of 3 × 3 on 32 channels.
Training train(const SmallNet& small, Device device, u64 draw = 0) {
  Shape shape = small.input.empty() ? find_net(small.name).input : small.input;
  auto net = make_net(small.name, shape, 4);
  Generator initial(1), pictures(2), masks(3, device);
  net->reset(initial);
  Generator draws(draw);
  for (const auto& [name, parameter] : net->parameters())
    if (draw > 0) move(parameter.data(), 1e-6, draws);
  net->set_generator(masks);
  net->to(device);
  SGD optimizer(net->parameters(), {.lr = .01, .momentum = .9, .weight_decay = 1e-3});
  shape.insert(0, 3);
  Tensor x = rand(shape, pictures).to(device);
  Tensor labels = from_vector(std::vector<i64>{0, 3, 1}).to(device);
  Training result;
  for (std::size_t step = 0; step < small.steps; ++step) {
    optimizer.zero_grad();
    Variable loss = cross_entropy((*net)(x), labels);
    loss.backward();
    optimizer.step();
    result.losses.push_back(loss.item());
  }
  result.state = net->state_dict();
  result.drawn = masks.offset();
  return result;
}

/// Relative, the largest of all steps' losses, and of all weights' and running statistics'.
struct Distance {
  double loss = 0, state = 0;
};

double larger(double a, double b) { return std::isnan(b) ? INFINITY : std::max(a, b); }

Distance distance(const Training& result, const Training& expected) {
  Distance most;
  for (std::size_t step = 0; step < expected.losses.size(); ++step)
    most.loss = larger(most.loss, std::abs(result.losses[step] / expected.losses[step] - 1));
  for (const auto& [name, value] : result.state) {
    const Tensor& wanted = expected.state.at(name);
    // A bias that a batch norm takes away again has a gradient of rounding alone.
    if (max(abs(wanted)).item() < 1e-6)
      EXPECT_LE(max(abs(value)).item(), 1e-6) << name;
    else
      most.state = larger(most.state, difference(value, wanted));
  }
  return most;
}

class NetOnGpu : public testing::TestWithParam<SmallNet> {};

// The GPU rounds in other places. How far that takes a net the CPU's own trainings say: 4 times the furthest is the bound, or what is
// small beside any fault. Losses may be up to 8e-5 off; in TF32 each net's is at least twice as far as it may. Weights may be 5e-2,
// where a value on the other side of a ReLU's kink moves a bias that began at 0.
TEST_P(NetOnGpu, trains_as_on_the_cpu) {
  Training expected = train(GetParam(), Device::cpu()), result = train(GetParam(), Device::cuda());
  Distance bound{2e-6, 2e-5};
  for (u64 draw : {1, 2, 3, 4, 5}) {
    Distance rounding = distance(train(GetParam(), Device::cpu(), draw), expected);
    bound.loss = std::max(bound.loss, 4 * rounding.loss);
    bound.state = std::max(bound.state, 4 * rounding.state);
  }
  EXPECT_LE(bound.loss, 1e-4) << "the test shows nothing";
  EXPECT_LE(bound.state, .1) << "the test shows nothing";
  EXPECT_EQ(result.drawn, expected.drawn);
  EXPECT_EQ(result.state.size(), expected.state.size());
  for (const auto& [name, value] : result.state) EXPECT_EQ(value.device(), Device::cuda()) << name;
  Distance is = distance(result, expected);
  EXPECT_LE(is.loss, bound.loss);
  EXPECT_LE(is.state, bound.state);
}
INSTANTIATE_TEST_SUITE_P(Nets, NetOnGpu,
                         testing::Values(SmallNet{"base_cnn"}, SmallNet{"cnn_lstm"},
                                         SmallNet{"convpool", {3, 118, 118}, 1},
                                         SmallNet{"convconvpool", {3, 32, 40}, 1},
                                         SmallNet{"mfcc_basic", {1, 24, 13}},
                                         SmallNet{"mfcc_deeper", {1, 24, 13}, 1}, SmallNet{"dnn"},
                                         SmallNet{"cnn1", {1, 24, 13}},
                                         SmallNet{"cnn2", {1, 24, 13}, 1},
                                         SmallNet{"spotify_logistic"}, SmallNet{"spotify_dense"}),
                         [](const auto& net) { return std::string(net.param.name); });

double norm(const Tensor& x) { return std::sqrt(sum(x * x).item()); }

/// Of those that are trained.
Named<Tensor> on_cpu(const Named<Variable>& parameters, bool gradients) {
  Named<Tensor> values;
  for (const auto& [name, parameter] : parameters)
    if (parameter.requires_grad()) {
      const Tensor& value = gradients ? parameter.grad() : parameter.data();
      values.emplace_back(name, value.to(Device::cpu()).to(Dtype::f64).clone());
    }
  return values;
}

/// One step of gradient descent.
struct Step {
  static constexpr SGDSettings settings{.lr = .01, .weight_decay = .1};
  double loss = 0;
  Named<Tensor> gradients = {}, after = {};
};

Step step(Module& net, const Shape& pictures, Device device) {
  Generator initial(1), values(2), masks(3, device);
  net.reset(initial);
  net.set_generator(masks);
  net.to(device);
  std::vector<i64> labels;
  for (i64 i = 0; i < pictures[0]; ++i) labels.push_back(3 * (i + 1) % 4);
  Variable x = rand(pictures, values).to(device);
  Variable logits = net(x);
  if (logits.rank() == 4) logits = reshape(logits, {pictures[0], -1});
  Variable loss = cross_entropy(logits, from_vector(labels).to(device));
  loss.backward();
  Step result{.loss = loss.item()};
  result.gradients = on_cpu(net.parameters(), true);
  SGD(net.parameters(), Step::settings).step();
  result.after = on_cpu(net.parameters(), false);
  return result;
}

struct LargeNet {
  const char* name;
  Shape pictures;
  // Batch norms, where there are any, as Keras's are since 2.1.3: then nothing amplifies rounding.
  bool frozen = false;
  // What is trained of it. VGG11's classifier has 120 M weights, for which the simulated GPU takes ten
  // seconds. Its features' 512 maps of one value are as good as logits.
  const char* part = "";
};

Step step_of(const LargeNet& large, Device device) {
  const Shape& pictures = large.pictures;
  auto net = make_net(large.name, {pictures[1], pictures[2], pictures[3]}, 4);
  if (large.frozen) set_frozen(*net, FrozenBatchNorm::running_statistics);
  for (const auto& [name, module] : net->modules())
    if (large.frozen && dynamic_cast<BatchNorm*>(module) != nullptr) net->freeze(name + ".*");
  for (const auto& [name, module] : net->modules())
    if (name == large.part) return step(*module, pictures, device);
  fail("test", "{} has no {}", large.name, large.part);
}

/// Relative; of gradients their norms. A bias before a batch norm has no gradient but rounding: what of
/// the largest gradient's norm that may be.
struct Bounds {
  double loss, gradient, rounding;
  double last_gradient;  // of what is nearest to the loss: no ReLU lies between
};

// Weights that are off by 1e-6, as train()'s are, take the CPU's own step so far (three draws of each net; in brackets the furthest by
// one ulp of f32); 4 times that is the bound of a loss, twice of gradients, where one value on the other side of ReLU's kink changes
// all gradients below it. Losses 5e-6 (5e-7), gradients .03 (.016), the last 8e-6 (2e-6).
constexpr Bounds of_frozen{2e-5, 6e-2, 0, 4e-5};
// Batch norm of few values makes rounding large: 6e-5 (4e-5), .034 (.01) …
constexpr Bounds of_batch_norms{2.2e-4, 7e-2, 1e-5, 7e-2};
// … 2.7e-4 (1.1e-4), .17 (.033).
constexpr Bounds of_resnet50_fastai{1.1e-3, .35, 1e-5, .35};

const Bounds& bounds_of(const LargeNet& net) {
  if (net.frozen) return of_frozen;
  return net.name == std::string("resnet50_fastai") ? of_resnet50_fastai : of_batch_norms;
}

class LargeNetOnGpu : public testing::TestWithParam<LargeNet> {};

// With dropout. Gradient descent takes the difference of two gradients over to the weights as it is, which
// bounds theirs. Adam's first step is the rate times the gradient's sign, which rounding turns where the
// gradient is small: that has no bound.
TEST_P(LargeNetOnGpu, steps_as_on_the_cpu) {
  Step expected = step_of(GetParam(), Device::cpu()), result = step_of(GetParam(), Device::cuda());
  const Bounds& bounds = bounds_of(GetParam());
  EXPECT_NEAR(result.loss, expected.loss, bounds.loss * expected.loss);
  double largest = 0;
  for (const auto& [name, gradient] : expected.gradients)
    largest = std::max(largest, norm(gradient));
  ASSERT_EQ(result.gradients.size(), expected.gradients.size());
  for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
    const auto& [name, gradient] = expected.gradients[i];
    bool is_last = i + 2 >= expected.gradients.size();  // weight and bias
    double relative = is_last ? bounds.last_gradient : bounds.gradient;
    double bound = relative * norm(gradient) + bounds.rounding * largest;
    EXPECT_LE(norm(result.gradients[i].second - gradient), bound) << name;
    const Tensor& weight = expected.after[i].second;
    EXPECT_LE(norm(result.after[i].second - weight),
              Step::settings.lr * bound + 1e-6 * norm(weight))
        << name;
  }
}
INSTANTIATE_TEST_SUITE_P(Nets, LargeNetOnGpu,
                         testing::Values(LargeNet{"resnet50_keras", {1, 3, 197, 197}, true},
                                         LargeNet{"resnet50", {2, 3, 64, 64}, true},
                                         LargeNet{"vgg11", {4, 3, 32, 32}, true, "features"},
                                         LargeNet{"vgg11_bn", {8, 3, 32, 32}, false, "features"},
                                         LargeNet{"resnet34", {4, 3, 64, 64}},
                                         LargeNet{"resnetrs50", {4, 3, 64, 64}},
                                         LargeNet{"resnet34_fastai", {4, 3, 64, 64}},
                                         LargeNet{"resnet50_fastai", {8, 3, 64, 64}},
                                         LargeNet{"resnetrs50_fastai", {8, 3, 64, 64}},
                                         LargeNet{"alexnet_fastai", {8, 3, 63, 63}},
                                         LargeNet{"vgg16_bn_fastai", {8, 3, 32, 32}}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(OptimizerOnGpu, StepsAsOnTheCpu) {
  using Make = std::unique_ptr<Optimizer> (*)(const NamedParameters&);
  const std::pair<const char*, Make> optimizers[] = {
      {"sgd",
       [](const NamedParameters& p) -> std::unique_ptr<Optimizer> {
         return std::make_unique<SGD>(p, SGDSettings{.lr = .1, .weight_decay = .01});
       }},
      {"nesterov",
       [](const NamedParameters& p) -> std::unique_ptr<Optimizer> {
         return std::make_unique<SGD>(p, SGDSettings{.lr = .1, .momentum = .9, .nesterov = true});
       }},
      {"adam",
       [](const NamedParameters& p) -> std::unique_ptr<Optimizer> {
         return std::make_unique<Adam>(p, AdamSettings{.weight_decay = .01});
       }},
      {"adamw",
       [](const NamedParameters& p) -> std::unique_ptr<Optimizer> {
         return std::make_unique<AdamW>(p);
       }},
      {"rmsprop",
       [](const NamedParameters& p) -> std::unique_ptr<Optimizer> {
         return std::make_unique<RMSprop>(p, RMSpropSettings{.momentum = .5});
       }},
  };
  for (const auto& [name, make] : optimizers) {
    SCOPED_TRACE(name);
    std::vector<Variable> on[2];
    std::unique_ptr<Optimizer> optimizer[2];
    for (int device : {0, 1}) {
      Generator values(7);
      NamedParameters parameters;
      for (i64 n : {1, 31, 33, 257, 1009, 1024, 1025, 2049}) {
        Tensor w = randn({n}, values).to(device ? Device::cuda() : Device::cpu());
        parameters.emplace_back(std::to_string(n), Variable(w, true));
        on[device].push_back(parameters.back().second);
      }
      optimizer[device] = make(parameters);
    }
    // The second half of the steps goes on from a state that was the other device's.
    for (int step = 0; step < 4; ++step) {
      for (int device : {0, 1}) {
        optimizer[device]->zero_grad();
        for (Variable& w : on[device]) sum(square(w) * w).backward();
        optimizer[device]->step();
      }
      if (step != 1) continue;
      StateDict cpu = optimizer[0]->state_dict(), gpu = optimizer[1]->state_dict();
      optimizer[0]->load_state_dict(gpu);
      optimizer[1]->load_state_dict(cpu);
    }
    for (std::size_t i = 0; i < on[0].size(); ++i)
      EXPECT_LE(difference(on[1][i].data(), on[0][i].data()), 1e-6) << "parameter " << i;
  }
}

// A module that moves there and back is the same module.
TEST(ModuleOnGpu, MovesThereAndBack) {
  auto net = make_net("base_cnn", 4);
  Generator initial(1);
  net->reset(initial);
  StateDict before;
  for (const auto& [name, value] : net->state_dict()) before[name] = value.clone();
  net->to(Device::cuda());
  for (const auto& [name, value] : net->state_dict()) EXPECT_EQ(value.device(), Device::cuda());
  net->to(Device::cpu());
  for (const auto& [name, value] : net->state_dict()) {
    EXPECT_EQ(value.device(), Device::cpu());
    EXPECT_EQ(value.to_vector<double>(), before.at(name).to_vector<double>()) << name;
  }
}

TEST(DropoutOnGpu, DrawsTheCpusMasks) {
  for (i64 n : {1, 3, 4, 5, 31, 33, 257, 1009}) {
    Generator on_cpu(5), on_gpu(5, Device::cuda());
    Tensor x = ones({n});
    for (int again = 0; again < 2; ++again) {
      Variable a = dropout(Variable(x), .3, on_cpu);
      Variable b = dropout(Variable(x.to(Device::cuda())), .3, on_gpu);
      EXPECT_EQ(a.data().to_vector<float>(), b.data().to_vector<float>());
    }
    EXPECT_EQ(on_cpu.offset(), on_gpu.offset());
  }
}

// Kernels cannot throw; the CPU does.
TEST(IndexOnGpu, OutsideReadsNaNAndAddsNowhere) {
  Tensor index = from_vector(std::vector<i64>{2, -1, 4, 0}).to(Device::cuda());
  Tensor x = arange(4, Dtype::f32, Device::cuda()) + 1;
  std::vector<float> y = index_select(x, 0, index).to_vector<float>();
  EXPECT_EQ(y[0], 3);
  EXPECT_TRUE(std::isnan(y[1]) && std::isnan(y[2]));
  EXPECT_EQ(y[3], 1);
  EXPECT_EQ(index_select(x.to(Dtype::i64), 0, index).to_vector<i64>(),
            (std::vector<i64>{3, 0, 0, 1}));
  EXPECT_EQ(index_add(x, 0, index, {4}).to_vector<float>(), (std::vector<float>{4, 0, 1, 0}));
  EXPECT_EQ(scatter_add(x, 0, index, {4}).to_vector<float>(), (std::vector<float>{4, 0, 1, 0}));
  Tensor logits = ones({4, 3}, Dtype::f32, Device::cuda());
  EXPECT_TRUE(std::isnan(cross_entropy(Variable(logits), index).item()));
}

TEST(DropoutOnGpu, NeedsAGeneratorThere) {
  Generator on_cpu(5);
  EXPECT_THROW(dropout(Variable(ones({4}).to(Device::cuda())), .3, on_cpu), Error);
}

}  // namespace
}  // namespace melgrad
