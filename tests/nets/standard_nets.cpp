// torchvision's and timm's nets, and their bodies with fastai's head, against PyTorch on weights,
// running statistics and pictures from one integer hash. Dropout is off.
#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "kernels/winograd.h"
#include "layers/models/registry.h"
#include "optim/adam.h"
#include "tensor/files/safetensors.h"
#include "tests/golden_values.h"

namespace melgrad {
namespace {

constexpr i64 classes = 10;

const TensorFile& goldens() {
  static const TensorFile file =
      load_safetensors(MELGRAD_TEST_DATA "/goldens/standard_nets.safetensors");
  return file;
}
Tensor golden(const std::string& net, const char* what) {
  return goldens().tensors.at(net + "." + what);
}

std::unique_ptr<Module> make(const std::string& name, Dtype dtype) {
  auto net = make_net(name, classes);
  net->to(dtype);
  set_hashed(net->parameters());
  for (auto& [path, module] : net->modules())
    if (module->type() == "Dropout") module->eval();
  return net;
}

Tensor pictures() { return hashed(1000, {4, 3, 64, 64}); }

Tensor logits(Module& net, const Tensor& x) {
  NoGrad no_grad;
  net.eval();
  return net(x).data();
}

Variable loss_of(Module& net) {
  return cross_entropy(net(pictures()), from_vector(std::vector<i64>{0, 3, 6, 9}));
}

void expect_logits(const std::string& name, Module& net, const char* golden_name, const Tensor& x) {
  Tensor expected = golden(name, golden_name);
  double largest = largest_difference(expected, zeros(expected.shape()));
  double bound = (uses_winograd() ? 1e-4 : 1e-5) * largest;
  EXPECT_LT(largest_difference(logits(net, x.to(Dtype::f32)), expected), bound)
      << name << (uses_winograd() ? " with Winograd's convolutions" : "");
}

// Observed: 7.1e-6 for ResNet-RS, whose gates multiply what is rounded (PyTorch's own f32 is 3.2e-6
// off), 3.5e-6 for the others, on CPUs with AVX-512, AVX2 and SSE. With Winograd's convolutions: 6.6e-6.
TEST(StandardNets, LogitsArePyTorchs) {
  for (const char* name : {"alexnet", "vgg11", "vgg11_bn", "vgg16", "vgg16_bn", "resnet34",
                           "resnet50", "resnetrs50", "alexnet_fastai", "vgg16_bn_fastai",
                           "resnet34_fastai", "resnet50_fastai", "resnetrs50_fastai"}) {
    auto net = make(name, Dtype::f32);
    set_hashed_statistics(net->buffers());
    expect_logits(name, *net, "logits", pictures().slice(0, 0, 2));
    if (std::string(name) == "resnetrs50")  // windows that the picture's end cuts off
      expect_logits(name, *net, "odd_logits", hashed(1001, {2, 3, 35, 9}));
    set_winograd(true);
    expect_logits(name, *net, "logits", pictures().slice(0, 0, 2));
    set_winograd(false);
  }
}

// Of every parameter the gradient's norm, and its product with a hash.
void expect_gradients(const std::string& name, Module& net) {
  Named<Variable> parameters = net.parameters();
  std::vector<double> expected = golden(name, "gradients").to_vector<double>();
  ASSERT_EQ(expected.size(), 2 * parameters.size()) << name;
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const auto& [path, parameter] = parameters[k];
    Tensor gradient = parameter.grad();
    double norm = expected[2 * k];
    EXPECT_NEAR(std::sqrt(sum(gradient * gradient).item()), norm, 1e-9 * norm) << name << path;
    EXPECT_NEAR(sum(gradient * hashed(4000 + k, gradient.shape())).item(), expected[2 * k + 1],
                1e-9 * norm)
        << name << path;
  }
}

TEST(StandardNets, GradientsArePyTorchs) {
  for (const char* name : {"resnet50", "alexnet_fastai", "resnet34_fastai"}) {
    auto net = make(name, Dtype::f64);
    loss_of(*net).backward();
    expect_gradients(name, *net);
  }
}

// The first 3 of 20 losses, as a step takes a second: all 20 were within 3.4e-13 of PyTorch's, and the
// logits after them within 9.5e-13.
TEST(StandardNets, TrainAsPyTorchs) {
  for (const char* name : {"resnet34", "resnetrs50"}) {
    auto net = make(name, Dtype::f64);
    Adam optimizer(net->parameters(), {.lr = 1e-5, .eps = 1e-8});
    std::vector<double> expected = golden(name, "losses").to_vector<double>();
    for (std::size_t step = 0; step < 3; ++step) {
      optimizer.zero_grad();
      Variable loss = loss_of(*net);
      EXPECT_NEAR(loss.item(), expected[step], 1e-9 * expected[step]) << name << " step " << step;
      if (step == 2) continue;
      loss.backward();
      if (step == 0) expect_gradients(name, *net);
      optimizer.step();
    }
  }
}

}  // namespace
}  // namespace melgrad
