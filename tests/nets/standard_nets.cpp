// torchvision's and timm's nets, and their bodies with fastai's head, against PyTorch on weights,
// running statistics and pictures from one integer hash. Dropout is off.
#include <gtest/gtest.h>

#include "autograd/functions.h"
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

Tensor pictures(Dtype dtype) { return hashed(1000, {4, 3, 64, 64}).to(dtype); }

Tensor logits(Module& net, const Tensor& x) {
  NoGrad no_grad;
  net.eval();
  return net(x).data();
}

Variable loss_of(Module& net) {
  return cross_entropy(net(pictures(Dtype::f64)), from_vector(std::vector<i64>{0, 3, 6, 9}));
}

// Of the nets here, VGG16's 134 million weights are most of the time.
TEST(StandardNets, LogitsArePyTorchs) {
  for (const char* name :
       {"alexnet", "vgg11", "vgg11_bn", "vgg16", "vgg16_bn", "resnet34", "resnet50", "resnetrs50",
        "alexnet_fastai", "vgg16_bn_fastai", "resnet34_fastai", "resnet50_fastai",
        "resnetrs50_fastai"}) {
    auto net = make(name, Dtype::f32);
    set_hashed_statistics(net->buffers());
    Tensor expected = golden(name, "logits");
    Tensor y = logits(*net, pictures(Dtype::f32).slice(0, 0, 2));
    double largest = largest_difference(expected, zeros(expected.shape()));
    double error = largest_difference(y, expected) / largest;
    EXPECT_LT(error, 1e-5) << name;
    std::cout << name << " " << error << "\n";
  }
}

// Of every parameter the gradient's norm, and its product with a hash.
TEST(StandardNets, GradientsArePyTorchs) {
  for (const char* name :
       {"resnet34", "resnet50", "resnetrs50", "alexnet_fastai", "resnet34_fastai"}) {
    auto net = make(name, Dtype::f64);
    loss_of(*net).backward();
    Named<Variable> parameters = net->parameters();
    std::vector<double> expected = golden(name, "gradients").to_vector<double>();
    ASSERT_EQ(expected.size(), 2 * parameters.size()) << name;
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      Tensor gradient = parameters[k].second.grad();
      double norm = std::sqrt(sum(gradient * gradient).item());
      double product = sum(gradient * hashed(4000 + k, gradient.shape())).item();
      EXPECT_NEAR(norm, expected[2 * k], 1e-9 * expected[2 * k]) << name << parameters[k].first;
      EXPECT_NEAR(product, expected[2 * k + 1], 1e-9 * expected[2 * k])
          << name << parameters[k].first;
    }
  }
}

TEST(StandardNets, TrainAsPyTorchs) {
  const char* all = std::getenv("ALL");
  std::size_t steps = all ? 20 : 3;
  for (const char* name : {"resnet34", "resnetrs50"}) {
    auto net = make(name, Dtype::f64);
    Adam optimizer(net->parameters(), {.lr = 1e-5, .eps = 1e-8});
    std::vector<double> expected = golden(name, "losses").to_vector<double>();
    for (std::size_t step = 0; step < steps; ++step) {
      optimizer.zero_grad();
      Variable loss = loss_of(*net);
      loss.backward();
      optimizer.step();
      EXPECT_NEAR(loss.item(), expected[step], 1e-9 * expected[step]) << name << " step " << step;
      std::cout << name << " " << loss.item() << " " << loss.item() / expected[step] - 1 << "\n";
    }
    if (all) {
      std::cout << largest_difference(logits(*net, pictures(Dtype::f64)), golden(name, "trained_logits")) << "\n";
    }
  }
}

}  // namespace
}  // namespace melgrad
