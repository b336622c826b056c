// The nets of studies B, C and D: Keras's totals, names, order of values, initial values.
#include <gtest/gtest.h>

#include <cmath>

#include "layers/batch_norm.h"
#include "layers/models/registry.h"

namespace melgrad {
namespace {

// As Keras's summary() counts: learnable parameters, and with running means and variances.
std::pair<i64, i64> counts_of(const char* name) {
  auto net = make_net(name, find_net(name).classes);
  i64 learnable = net->parameter_count(), total = learnable;
  for (const auto& [buffer, values] : net->buffers())
    if (buffer.find(".running_") != std::string::npos) total += values.numel();
  return {learnable, total};
}

TEST(KerasModels, ParameterCountsArePublished) {
  using Counts = std::pair<i64, i64>;
  EXPECT_EQ(counts_of("convpool"), Counts(2029832, 2032392));
  EXPECT_EQ(counts_of("convconvpool"), Counts(28942088, 28944328));
  EXPECT_EQ(counts_of("resnet50_keras"), Counts(31934472, 31989640));
  EXPECT_EQ(counts_of("mfcc_basic").first, 332042);
  EXPECT_EQ(counts_of("mfcc_deeper").first, 398666);
  EXPECT_EQ(counts_of("dnn"), Counts(1014218, 1014218));
  EXPECT_EQ(counts_of("cnn1"), Counts(97418, 97418));
  for (const char* name : {"cnn2", "cnn3"}) EXPECT_EQ(counts_of(name), Counts(159882, 160202));
  EXPECT_EQ(counts_of("spotify_logistic").first, 176);
  EXPECT_EQ(counts_of("spotify_dense").first, 1838);
}

// Study B's "top 8 layers": of Keras's list of layers, in which sums and ReLUs count.
TEST(KerasModels, LayersOfTheResNetHaveKerasNames) {
  auto net = make_net("resnet50_keras", 8);
  i64 top = 0;
  for (const char* layer : {"res5c_branch2b", "bn5c_branch2b", "res5c_branch2c", "bn5c_branch2c"})
    for (const auto& [name, parameter] : net->parameters())
      if (name.starts_with(layer)) top += parameter.numel();
  EXPECT_EQ(top, 3415552);

  StateDict state = net->state_dict();
  auto shape = [&](const char* name) { return state.at(name).shape(); };
  EXPECT_EQ(shape("conv1.weight"), (Shape{64, 3, 7, 7}));
  EXPECT_EQ(shape("bn_conv1.running_var"), (Shape{64}));
  EXPECT_EQ(shape("res2a_branch1.weight"), (Shape{256, 64, 1, 1}));
  EXPECT_EQ(shape("res3d_branch2b.bias"), (Shape{128}));
  EXPECT_EQ(shape("bn4f_branch2c.weight"), (Shape{1024}));
  EXPECT_EQ(shape("bn5a_branch1.bias"), (Shape{2048}));
  EXPECT_FALSE(state.contains("res4b_branch1.weight"));
  EXPECT_FALSE(state.contains("res3e_branch2a.weight"));
  i64 convolutions = 0;
  for (const auto& [name, values] : state) convolutions += values.rank() == 4 ? 1 : 0;
  EXPECT_EQ(convolutions, 53);
}

// Glorot-uniform, biases 0; batch norm with Keras's momentum and eps.
TEST(KerasModels, AreDrawnAsKerasDoes) {
  for (const char* name : {"convpool", "convconvpool", "mfcc_basic", "mfcc_deeper", "dnn", "cnn1",
                           "cnn2", "cnn3", "spotify_dense", "resnet50_keras"}) {
    auto net = make_net(name, find_net(name).classes);
    Generator generator(1);
    net->reset(generator);
    for (const auto& [parameter, value] : net->parameters()) {
      double largest = max(abs(value.data())).item();
      if (value.rank() >= 2) {
        i64 field = value.rank() == 4 ? value.dim(2) * value.dim(3) : 1;
        double fans = static_cast<double>((value.dim(0) + value.dim(1)) * field);
        double bound = std::sqrt(6 / fans);
        EXPECT_LE(largest, bound * 1.000001) << name << " " << parameter;
        EXPECT_GT(largest, bound * .9) << name << " " << parameter;
      } else if (parameter.ends_with("bias")) {
        EXPECT_EQ(largest, 0) << name << " " << parameter;
      }
    }
    for (const auto& [layer, module] : net->modules())
      if (const auto* norm = dynamic_cast<const BatchNorm*>(module)) {
        EXPECT_TRUE(norm->details().find("eps 0.001, momentum 0.01") != std::string::npos)
            << name << " " << layer;
      }
  }
}

// What comes first after the features is weighed by the first columns: row by row, channels last.
TEST(KerasModels, ValuesAreFlattenedInTheOrderHWC) {
  auto net = make_net("dnn", {2, 3, 4}, 10);
  net->eval();
  Tensor x = zeros({1, 2, 3, 4});
  x.select(1, 1).select(1, 2).select(1, 3).fill_(1);  // channel 1, row 2, column 3
  Tensor weight = net->state_dict().at("1.weight");   // (512, 24)
  weight.select(1, (2 * 4 + 3) * 2 + 1).fill_(1);
  Tensor first;
  ForwardHook hook([&](Module& module, const Variable&, const Variable& y) {
    if (module.type() == "Linear" && !first.defined()) first = y.data();
  });
  NoGrad no_grad;
  (*net)(x);
  EXPECT_EQ(first.to_vector<double>(), std::vector<double>(512, 1));
}

}  // namespace
}  // namespace melgrad
