#pragma once
#include "apps/harness/training/recipe.h"
#include "layers/module.h"

namespace melgrad {

/// A net's parameters by what a recipe calls them.
class PatternedParameters {
 public:
  explicit PatternedParameters(const Module& net);

  /// Those that match one of `patterns`, in the net's order. Throws Error naming a pattern that
  /// matches none.
  NamedParameters matching(const std::vector<ParameterPattern>& patterns) const;
  /// Those that the stage trains.
  NamedParameters trained_in(const Stage& stage) const;
  /// Of each of the net's parameters, by name.
  std::map<std::string, double> factors(const std::vector<RateFactor>& factors) const;
  const NamedParameters& all() const { return all_; }

 private:
  std::vector<bool> matches(const ParameterPattern& pattern) const;
  NamedParameters of_last_layers(i64 count) const;

  NamedParameters all_;
  std::vector<std::string> types_;  // "BatchNorm2d:features.1.weight"
};

/// What one optimiser needs for all stages: those that train in any of them, apart where their
/// factors differ in any of them, or their decay.
struct RecipeGroups {
  std::vector<ParameterGroup> groups;
  std::vector<std::vector<double>> factors;  // of each stage, of each group
};
RecipeGroups groups_of(const Module& net, const Recipe& recipe);

/// The stage's parameters want gradients, all others do not. Returns how many numbers will be
/// trained.
i64 train_only(Module& net, const Stage& stage);

}  // namespace melgrad
