#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tensor/ops.h"
#include "tensor/tensor.h"

namespace melgrad {

struct Function;

/// A tensor in a graph: its value, its gradient and the Function that made it. A handle: copies are
/// the same variable. A default-constructed variable is undefined and stands for "absent" (a layer
/// without bias, say).
class Variable {
 public:
  Variable() = default;
  /// A leaf. Throws Error if an integer tensor shall require a gradient.
  Variable(Tensor value, bool requires_grad = false);  // NOLINT(google-explicit-constructor)

  bool defined() const { return node_ != nullptr; }
  const Tensor& data() const;
  /// The value, to be written to in place (an optimiser's step, loading weights). Counts as such a
  /// write: a graph that saved the value refuses to run backward after it.
  Tensor& mutable_data();
  const Shape& shape() const { return data().shape(); }
  i64 dim(i64 axis) const { return data().dim(axis); }
  int rank() const { return data().rank(); }
  i64 numel() const { return data().numel(); }
  Dtype dtype() const { return data().dtype(); }
  Device device() const { return data().device(); }
  double item() const { return data().item(); }

  /// False for an undefined variable.
  bool requires_grad() const;
  /// Leaves only: throws Error on the result of a Function.
  void set_requires_grad(bool on);
  bool is_leaf() const { return creator() == nullptr; }
  /// The Function whose result this is; null for a leaf.
  const std::shared_ptr<Function>& creator() const;
  /// Which of the creator's outputs this is.
  std::size_t output_index() const;

  /// The gradient that backward() has added up so far; undefined before. A leaf's has the dtype and
  /// the order in memory of its value, and no other tensor shares it.
  const Tensor& grad() const;
  Tensor& mutable_grad();
  void zero_grad();  // makes it undefined
  /// Keep the gradient of this non-leaf, too.
  void retain_grad();
  /// Called with the whole gradient of this variable before it is stored or passed on; what it
  /// returns, if defined, takes its place.
  void register_hook(std::function<Tensor(const Tensor&)> hook);

  /// Computes the gradients of every leaf below. `gradient` is that of this variable: 1 if it has
  /// one element, an Error if it has more and none is given. The graph is freed unless
  /// `retain_graph`. Gradients of gradients are out of scope.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;
  /// The same value, cut off from the graph.
  Variable detach() const;

  bool same_as(const Variable& other) const { return node_ == other.node_; }

  struct Node;
  const std::shared_ptr<Node>& node() const { return node_; }
  /// The output `index` of `creator`, which may be null: for apply().
  Variable(Tensor value, std::shared_ptr<Function> creator, std::size_t index);

 private:
  Node& checked_node() const;  // throws Error if undefined

  std::shared_ptr<Node> node_;
};

/// What the handles of one variable share. Functions do not hold it: an intermediate value that
/// nobody saved dies with the last handle to it.
struct Variable::Node {
  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  Tensor value;
  Tensor grad;
  bool requires_grad = false;
  bool is_leaf = true;
  /// Where gradients of this variable go: its creator or, for a leaf, the Leaf that adds them up.
  std::shared_ptr<Function> function;
  std::size_t output = 0;
};

/// While one lives, this thread's operations record no graph and save nothing.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
bool grad_enabled();

}  // namespace melgrad
