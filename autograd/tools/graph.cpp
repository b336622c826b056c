#include "autograd/tools/graph.h"

#include <sstream>
#include <unordered_map>

#include "autograd/function.h"

namespace melgrad {
namespace {

using Names = std::unordered_map<const Function*, std::string>;

std::string describe_leaf(const Function& f, const Names& names) {
  auto name = names.find(&f);
  std::string label = name == names.end() ? "" : name->second + "\\n";
  const auto* leaf = dynamic_cast<const Leaf*>(&f);
  return label + (leaf && leaf->variable ? describe(leaf->variable->value) : "gone");
}

}  // namespace

std::string to_dot(const Variable& root,
                   const std::vector<std::pair<std::string, Variable>>& names) {
  check(root.requires_grad(), "to_dot", "the root requires no gradient: it has no graph");
  Names leaf_names;
  for (const auto& [name, variable] : names)
    if (variable.requires_grad()) leaf_names[variable.node()->function.get()] = name;

  std::ostringstream dot;
  dot << "digraph {\n  rankdir = BT\n  node [fontname = \"sans-serif\"]\n";
  std::unordered_map<const Function*, std::size_t> numbers;
  std::vector<const Function*> open;
  auto number_of = [&](const Function* f) {
    auto [entry, is_new] = numbers.try_emplace(f, numbers.size());
    if (!is_new) return entry->second;
    open.push_back(f);
    bool is_leaf = f->edges().empty();
    dot << "  f" << entry->second << " [shape = " << (is_leaf ? "ellipse" : "box") << ", label = \""
        << (is_leaf ? describe_leaf(*f, leaf_names) : std::string(f->name())) << "\"]\n";
    return entry->second;
  };
  number_of(root.node()->function.get());
  while (!open.empty()) {
    const Function* f = open.back();
    open.pop_back();
    std::size_t to = numbers.at(f);
    for (const Function::Edge& edge : f->edges()) {
      if (!edge.function) continue;
      std::size_t from = number_of(edge.function.get());
      dot << "  f" << from << " -> f" << to << " [label = \"" << edge.shape << "\"]\n";
    }
  }
  dot << "}\n";
  return dot.str();
}

}  // namespace melgrad
