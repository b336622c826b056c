// Whole nets against PyTorch, on weights and pictures from one integer hash: logits, and the losses
// of 20 Adam steps in f64 (VGG's first 5: it took half of the time, and 5 catch what 20 did).
// Dropout is off. In Release only: the f64 path is plain loops.
#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "layers/models/registry.h"
#include "optim/adam.h"
#include "tensor/files/safetensors.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

struct Case {
  const char* name;
  i64 classes, batch, size;
  double lr;
  double f32_bound;  // of the relative error of three steps' losses
  std::size_t f64_steps = 20;
};

// The f32 bounds allow ten times what was observed (1.0e-6, 1.2e-6, 7.6e-6, 2.4e-5), as another
// instruction set or number of threads sums in another order. VGG's is the largest: its last batch
// norms have 16 values a channel, and Adam's first step is only the gradient's sign. AlexNet's is
// three times what was observed on an AMD EPYC with AVX2 (3.2e-4; with AVX-512 7.6e-6): one of its
// 8192 hidden values (unit 2895 of classifier.4) lies so near to ReLU's kink that the order of a sum
// says on which side, and all gradients below follow it by half a percent.
const std::vector<Case> cases{
    {"base_cnn", 4, 4, 64, 1e-4, 1e-5},
    {"cnn_lstm", 4, 4, 64, 1e-4, 1.2e-5},
    {"alexnet", 10, 2, 64, 1e-5, 1e-3},
    {"vgg11_bn", 10, 4, 32, 1e-6, 2.4e-4, 5},
};

const Tensor& golden(const Case& c, const char* what) {
  static const auto file = load_safetensors(MELGRAD_TEST_DATA "/goldens/nets.safetensors");
  return file.tensors.at(std::string(c.name) + "." + what);
}

std::unique_ptr<Module> make(const Case& c, Dtype dtype) {
  auto net = make_net(c.name, c.classes);
  net->to(dtype);
  set_hashed(net->parameters());
  return net;
}

Tensor pictures(const Case& c, Dtype dtype) {
  return hashed(1000, {c.batch, 3, c.size, c.size}).to(dtype);
}

Tensor logits(Module& net, const Tensor& x) {
  NoGrad no_grad;
  net.eval();
  return net(x).data();
}

std::vector<double> train(Module& net, const Case& c, const Tensor& x, std::size_t steps) {
  std::vector<i64> target;
  for (i64 i = 0; i < c.batch; ++i) target.push_back(3 * i % c.classes);
  net.train();
  for (auto& [name, module] : net.modules())
    if (module->type() == "Dropout") module->eval();
  Adam optimizer(net.parameters(), {.lr = c.lr});
  auto system_allocations = [] { return backend({}).memory_stats().system_allocations; };
  std::vector<double> losses;
  i64 allocations = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    Variable loss = cross_entropy(net(x), from_vector(target));
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item());
    if (step == 0) allocations = system_allocations();
  }
  EXPECT_EQ(system_allocations(), allocations) << "only the first step may take memory";
  return losses;
}

class Nets : public ::testing::TestWithParam<Case> {};

TEST_P(Nets, FollowPyTorchInF64) {
  const Case& c = GetParam();
  auto net = make(c, Dtype::f64);
  Tensor x = pictures(c, Dtype::f64);
  EXPECT_LT(largest_difference(logits(*net, x), golden(c, "logits")), 1e-10);

  std::vector<double> expected = golden(c, "losses").to_vector<double>();
  std::vector<double> losses = train(*net, c, x, c.f64_steps);
  for (std::size_t i = 0; i < c.f64_steps; ++i)
    EXPECT_NEAR(losses[i], expected[i], 1e-9 * expected[i]) << "step " << i;
  if (c.f64_steps < expected.size()) return;
  EXPECT_LT(largest_difference(logits(*net, x), golden(c, "trained_logits")), 1e-8);
}

TEST_P(Nets, FollowPyTorchFor3StepsInF32) {
  const Case& c = GetParam();
  auto net = make(c, Dtype::f32);
  std::vector<double> expected = golden(c, "losses").to_vector<double>();
  std::vector<double> losses = train(*net, c, pictures(c, Dtype::f32), 3);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(losses[i], expected[i], c.f32_bound * expected[i]) << "step " << i;
}

INSTANTIATE_TEST_SUITE_P(All, Nets, ::testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace melgrad
