#include "apps/harness/training/parameters.h"

#include <set>

namespace melgrad {
namespace {

// "features.0.weight" -> "features.0"
std::string layer_of(const std::string& parameter) {
  std::size_t dot = parameter.rfind('.');
  return dot == std::string::npos ? "" : parameter.substr(0, dot);
}

}  // namespace

PatternedParameters::PatternedParameters(const Module& net) : all_(net.parameters()) {
  std::map<std::string, std::string> type_of;  // by the layer's name
  for (const auto& [name, module] : net.modules()) type_of[name] = module->type();
  for (const auto& [name, parameter] : all_)
    types_.push_back(type_of.at(layer_of(name)) + ":" + name);
}

std::vector<bool> PatternedParameters::matches(const ParameterPattern& pattern) const {
  std::vector<bool> found;
  bool any = false;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    found.push_back(matches_glob(pattern, all_[i].first) || matches_glob(pattern, types_[i]));
    any = any || found.back();
  }
  check(any, "recipe", "no parameter of the net is '{}'; the first is '{}'", pattern,
        all_.empty() ? std::string() : types_.front());
  return found;
}

NamedParameters PatternedParameters::matching(const std::vector<ParameterPattern>& patterns) const {
  std::vector<bool> chosen(all_.size(), false);
  for (const ParameterPattern& pattern : patterns) {
    std::vector<bool> found = matches(pattern);
    for (std::size_t i = 0; i < found.size(); ++i) chosen[i] = chosen[i] || found[i];
  }
  NamedParameters parameters;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) parameters.push_back(all_[i]);
  return parameters;
}

NamedParameters PatternedParameters::of_last_layers(i64 count) const {
  std::set<std::string> layers;
  auto first = all_.end();
  while (first != all_.begin()) {
    const std::string layer = layer_of(std::prev(first)->first);
    if (!layers.contains(layer) && static_cast<i64>(layers.size()) == count) break;
    layers.insert(layer);
    --first;
  }
  return {first, all_.end()};
}

NamedParameters PatternedParameters::trained_in(const Stage& stage) const {
  return stage.last_layers > 0 ? of_last_layers(stage.last_layers) : matching(stage.train);
}

std::map<std::string, double> PatternedParameters::factors(
    const std::vector<RateFactor>& factors) const {
  std::map<std::string, double> result;
  for (const auto& [name, parameter] : all_) result[name] = 1;
  for (const auto& [pattern, factor] : factors) {
    std::vector<bool> found = matches(pattern);
    for (std::size_t i = 0; i < found.size(); ++i)
      if (found[i]) result[all_[i].first] = factor;
  }
  return result;
}

RecipeGroups groups_of(const Module& net, const Recipe& recipe) {
  PatternedParameters parameters(net);
  std::set<std::string> trained, undecayed;
  std::vector<std::map<std::string, double>> factors;  // of each stage
  for (const Stage& stage : recipe.stages) {
    for (const auto& [name, parameter] : parameters.trained_in(stage)) trained.insert(name);
    factors.push_back(parameters.factors(stage.factors));
  }
  for (const auto& [name, parameter] : parameters.matching(recipe.no_decay)) undecayed.insert(name);

  RecipeGroups result;
  result.factors.resize(recipe.stages.size());
  std::map<std::vector<double>, std::size_t> group_of;
  for (const auto& [name, parameter] : parameters.all()) {
    if (!trained.contains(name)) continue;
    std::vector<double> key;
    key.reserve(factors.size() + 1);
    for (const auto& of_stage : factors) key.push_back(of_stage.at(name));
    key.push_back(undecayed.contains(name) ? 0 : 1);
    auto [group, is_new] = group_of.emplace(key, result.groups.size());
    if (is_new) {
      result.groups.emplace_back();
      if (undecayed.contains(name)) result.groups.back().weight_decay = 0;
      for (std::size_t s = 0; s < factors.size(); ++s) result.factors[s].push_back(key[s]);
    }
    result.groups[group->second].parameters.emplace_back(name, parameter);
  }
  return result;
}

i64 train_only(Module& net, const Stage& stage) {
  NamedParameters trained = PatternedParameters(net).trained_in(stage);
  net.freeze("*");
  i64 count = 0;
  for (auto& [name, parameter] : trained) {
    parameter.set_requires_grad(true);
    count += parameter.numel();
  }
  return count;
}

}  // namespace melgrad
