// The nets that their studies built in Keras, against PyTorch code that has Keras's conventions spelt
// out (goldens/keras_nets.py), on weights and inputs from one integer hash, in f64: logits, the
// gradient of every parameter, the losses of 20 Adam steps. Dropout is off.
#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "layers/models/registry.h"
#include "optim/adam.h"
#include "tensor/files/safetensors.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

constexpr i64 batch = 3;

struct KerasCase {
  const char* name;
  Shape input;
  double lr, eps;  // Adam's, as the study had them
};

const std::vector<KerasCase> cases{
    {"convpool", {3, 118, 119}, 1e-3, 1e-8}, {"convconvpool", {3, 52, 53}, 1e-3, 1e-8},
    {"mfcc_basic", {1, 19, 20}, 1e-3, 1e-7}, {"mfcc_deeper", {1, 33, 13}, 1e-3, 1e-7},
    {"dnn", {2, 9, 13}, 1e-4, 1e-7},         {"cnn1", {1, 19, 20}, 1e-4, 1e-7},
    {"cnn2", {1, 19, 20}, 1e-4, 1e-7},       {"spotify_dense", {21}, 1e-3, 1e-7},
};

Tensor golden(const char* net, const char* what) {
  static const auto file = load_safetensors(MELGRAD_TEST_DATA "/goldens/keras_nets.safetensors");
  return file.tensors.at(std::string(net) + "." + what);
}

// Of each parameter's gradient g: ‖g‖, ⟨g, hash 3000 + k⟩, ⟨g, hash 4000 + k⟩.
void expect_gradients(const Module& net, const Tensor& expected) {
  std::vector<double> values = expected.to_vector<double>();
  Named<Variable> parameters = net.parameters();
  ASSERT_EQ(values.size(), 3 * parameters.size());
  double longest = 0;
  for (std::size_t k = 0; k < parameters.size(); ++k) longest = std::max(longest, values[3 * k]);
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const auto& [name, parameter] = parameters[k];
    const Tensor& g = parameter.grad();
    double norm = values[3 * k];
    // A bias before a batch norm has no gradient but for rounding, of the longest's size.
    double bound = 1e-9 * norm + 1e-14 * longest;
    EXPECT_NEAR(std::sqrt(sum(square(g)).item()), norm, bound) << name;
    for (std::size_t i : {1, 2})
      EXPECT_NEAR(sum(g * hashed(2000 + 1000 * i + k, g.shape())).item(), values[3 * k + i], bound)
          << name << " " << i;
  }
}

Tensor logits(Module& net, const Tensor& x) {
  NoGrad no_grad;
  net.eval();
  return net(x).data();
}

class KerasNets : public ::testing::TestWithParam<KerasCase> {};

TEST_P(KerasNets, FollowPyTorchInF64) {
  const KerasCase& c = GetParam();
  auto net = make_net(c.name, c.input, find_net(c.name).classes);
  net->to(Dtype::f64);
  set_hashed(net->parameters());
  Shape shape = c.input;
  shape.insert(0, batch);
  Tensor x = hashed(1000, shape);
  EXPECT_LT(largest_difference(logits(*net, x), golden(c.name, "logits")), 1e-10);

  std::vector<i64> target;
  for (i64 i = 0; i < batch; ++i) target.push_back(3 * i % find_net(c.name).classes);
  net->train();
  for (auto& [name, module] : net->modules())
    if (module->type() == "Dropout") module->eval();
  Adam optimizer(net->parameters(), {.lr = c.lr, .eps = c.eps});
  std::vector<double> expected = golden(c.name, "losses").to_vector<double>();
  for (std::size_t step = 0; step < expected.size(); ++step) {
    optimizer.zero_grad();
    Variable loss = cross_entropy((*net)(x), from_vector(target));
    loss.backward();
    if (step == 0) expect_gradients(*net, golden(c.name, "gradients"));
    optimizer.step();
    EXPECT_NEAR(loss.item(), expected[step], 1e-9 * expected[step]) << "step " << step;
  }
  EXPECT_LT(largest_difference(logits(*net, x), golden(c.name, "trained_logits")), 1e-8);
}

// In f32, as its f64 loops take minutes. Observed: 5e-7 of the largest.
TEST(KerasResNet, ComputesPyTorchsLogits) {
  const Shape picture{3, 197, 260};
  auto net = make_net("resnet50_keras", picture, 8);
  set_hashed(net->parameters());
  Tensor expected = golden("resnet50_keras", "logits");
  Tensor y = logits(*net, hashed(1000, {2, 3, 197, 260}).to(Dtype::f32));
  EXPECT_LT(largest_difference(y, expected), 2e-5 * max(abs(expected)).item());
}

INSTANTIATE_TEST_SUITE_P(All, KerasNets, ::testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace melgrad
