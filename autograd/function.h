#pragma once
#include <array>
#include <concepts>
#include <memory>
#include <string_view>
#include <vector>

#include "autograd/variable.h"

namespace melgrad {

/// A tensor that forward keeps for backward. It remembers the storage's version: an in-place write
/// in between is an error, and so is reading it after backward has released it.
class Saved {
 public:
  Saved() = default;
  /// Keeps x (an undefined one, too) and returns it: `return y = softmax(x);`
  const Tensor& operator=(const Tensor& x);  // NOLINT(misc-unconventional-assign-operator)
  /// The tensor as it was. Throws Error naming the trap otherwise.
  const Tensor& get() const;
  operator const Tensor&() const { return get(); }  // NOLINT(google-explicit-constructor)
  void release();

 private:
  Tensor tensor_;
  u64 version_ = 0;
  bool released_ = false;
};

using Gradients = std::vector<Tensor>;

/// One operation in the graph: `forward` computes and saves, `backward` turns the outputs'
/// gradients into the inputs'. A derived struct has named Saved members (listed in `saved()`, so
/// that the engine can let go of them), a `forward` with one Tensor per input, and stands below the
/// comment that gives both formulas.
struct Function {
  Function() = default;
  Function(Function&&) = default;
  virtual ~Function();  // iterative: a chain of 100 000 nodes does not recurse

  virtual std::string_view name() const = 0;
  /// dy[i] is the gradient of output i, undefined if nothing depended on it. One entry for each
  /// input; an undefined one where !needs(i) or the derivative is 0 throughout.
  virtual Gradients backward(const Gradients& dy) = 0;
  /// All Saved members.
  virtual std::vector<Saved*> saved() { return {}; }
  /// True: the inputs were broadcast; the engine sums each gradient back to its input's shape.
  virtual bool broadcasts() const { return false; }

  /// Whether input i wants a gradient. Known in forward, too: save only what backward will read.
  bool needs(std::size_t i) const { return i < edges_.size() && edges_[i].wanted; }
  bool needs_any() const;

  /// Where an input's gradient goes.
  struct Edge {
    std::shared_ptr<Variable::Node> node;  // null unless wanted
    Shape shape;
    Dtype dtype = Dtype::f32;
    bool wanted = false;
  };
  /// Records the inputs; an undefined Variable is an absent one. Called by apply() before forward.
  void connect(const std::vector<Variable>& inputs);
  /// Wraps what forward returned; drops everything saved if no input wants a gradient.
  static std::vector<Variable> outputs(const std::shared_ptr<Function>& function,
                                       std::vector<Tensor> values);

  const std::vector<Edge>& edges() const { return edges_; }
  /// Where apply() was called, in anomaly mode: the module path and the calling function.
  std::string where;

 private:
  friend class Engine;
  std::vector<Edge> edges_;
  std::size_t outputs_ = 0;
};

/// Runs function.forward on the inputs' values and records it: `return apply(Softmax(axis), x);`
template <std::derived_from<Function> F, class... Inputs>
requires(std::same_as<Inputs, Variable>&&...) auto apply(F function, const Inputs&... inputs) {
  auto node = std::make_shared<F>(std::move(function));
  node->connect({inputs...});
  auto value = [](const Variable& input) { return input.defined() ? input.data() : Tensor(); };
  auto result = node->forward(value(inputs)...);
  if constexpr (std::same_as<decltype(result), Tensor>) {
    return Function::outputs(node, {std::move(result)}).front();
  } else {
    return Function::outputs(node, std::move(result));
  }
}

/// The same for a list of inputs (cat, stack): forward takes std::vector<Tensor>.
template <std::derived_from<Function> F>
Variable apply_to_list(F function, const std::vector<Variable>& inputs) {
  auto node = std::make_shared<F>(std::move(function));
  node->connect(inputs);
  std::vector<Tensor> values;
  for (const Variable& input : inputs) values.push_back(input.data());
  return Function::outputs(node, {node->forward(values)}).front();
}

}  // namespace melgrad
