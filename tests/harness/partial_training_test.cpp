#include "apps/harness/training/in_words.h"

#include <set>

#include "layers/models/registry.h"
#include "tests/harness/short_training.h"

// Trainings of a part of a net: its last layers, and what frozen batch norms do meanwhile.
namespace melgrad {
namespace {

std::set<std::string> trained(const Module& net, i64 last_layers) {
  Stage stage;
  stage.last_layers = last_layers;
  std::set<std::string> names;
  for (const auto& [name, parameter] : PatternedParameters(net).trained_in(stage))
    names.insert(name);
  return names;
}

TEST(LastLayers, AreThoseWithParametersOfTheirOwn) {
  Net net;  // conv, batch norm, flatten, dropout, linear
  const std::set<std::string> one{"layers.4.weight", "layers.4.bias"};
  std::set<std::string> two = one, three = one;
  two.insert({"layers.1.weight", "layers.1.bias"});
  three = two;
  three.insert({"layers.0.weight", "layers.0.bias"});
  EXPECT_EQ(trained(net, 1), one);
  EXPECT_EQ(trained(net, 2), two);
  EXPECT_EQ(trained(net, 3), three);
  EXPECT_EQ(trained(net, 99), three);
}

// A recurrent layer is one, whatever it has.
TEST(LastLayers, CountALayerOnce) {
  auto net = make_net("cnn_lstm", {3, 8, 8}, 4);
  for (const std::string& name : trained(*net, 2))
    EXPECT_TRUE(name.starts_with("rnn.") || name.starts_with("classifier.")) << name;
  EXPECT_EQ(trained(*net, 2).size(), 6U);
}

// Study B: "top 8 layers", counted with sums and ReLUs, are four with parameters; its head has three.
TEST(LastLayers, AreStudyBs) {
  auto net = make_net("resnet50_keras", 8);
  Stage stage;
  stage.last_layers = 7;
  EXPECT_EQ(train_only(*net, stage), 3415552 + (8193 * 1024 + 2 * 1024 + 1025 * 8));
  EXPECT_EQ(net->parameter_count(true), 11815432);
  for (const auto& [name, parameter] : net->parameters()) {
    bool wanted = name.starts_with("classifier.") || name.find("5c_branch2b.") < 10 ||
                  name.find("5c_branch2c.") < 10;
    EXPECT_EQ(parameter.requires_grad(), wanted) << name;
  }
}

TEST(LastLayers, OthersStayAsTheyAre) {
  Recipe recipe = short_recipe(), nothing = recipe;
  recipe.stages = {{.epochs = 1, .last_layers = 2}};
  nothing.stages = {{.epochs = 1, .train = {"layers.4.bias"}}};
  Outcome outcome = train(recipe), other = train(nothing);
  EXPECT_EQ(outcome.weights.at("layers.0.weight"), other.weights.at("layers.0.weight"));
  EXPECT_NE(outcome.weights.at("layers.1.weight"), other.weights.at("layers.1.weight"));
  EXPECT_NE(outcome.weights.at("layers.4.weight"), other.weights.at("layers.4.weight"));
  EXPECT_EQ(trained_in_words(recipe), "the last 2 layers that have parameters");
}

// 40 clips in batches of 8 are five an epoch.
TEST(FrozenBatchNormInTraining, IsTheRecipes) {
  Recipe recipe = short_recipe();
  recipe.stages = {{.epochs = 2, .train = {"layers.4.*"}}, {.epochs = 2, .last_layers = 1}};
  auto counted = [&] { return train(recipe).weights.at("layers.1.num_batches_tracked")[0]; };
  const std::vector<float> fresh_mean(4, 0), fresh_var(4, 1);
  EXPECT_EQ(recipe.frozen_batch_norms, FrozenBatchNorm::batch_statistics) << "PyTorch's";
  recipe.tested = Tested::last;
  EXPECT_EQ(counted(), 4 * 5);
  recipe.frozen_batch_norms = FrozenBatchNorm::running_statistics;
  EXPECT_EQ(counted(), 0);
  Outcome outcome = train(recipe);
  EXPECT_EQ(outcome.weights.at("layers.1.running_mean"), fresh_mean);
  EXPECT_EQ(outcome.weights.at("layers.1.running_var"), fresh_var);
  EXPECT_EQ(trained_in_words(recipe),
            "layers.4.*; then the last 1 layers that have parameters; frozen batch norms as in "
            "evaluation");
  recipe.stages[1].train = {"*"};
  recipe.stages[1].last_layers = 0;
  EXPECT_EQ(counted(), 2 * 5) << "trained from the second stage on";
}

}  // namespace
}  // namespace melgrad
