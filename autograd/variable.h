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
  Variable(Tensor value, bool requires_grad = false);  // NOLINT(google-explicit-constructor)

  bool defined() const { return node_ != nullptr; }
  const Tensor& data() const;
  /// The value, to be written to in place (an optimiser's step, loading weights).
  Tensor& mutable_data();
  const Shape& shape() const { return data().shape(); }
  i64 dim(i64 axis) const { return data().dim(axis); }
  int rank() const { return data().rank(); }
  i64 numel() const { return data().numel(); }
  Dtype dtype() const { return data().dtype(); }
  Device device() const { return data().device(); }
  double item() const { return data().item(); }

  bool requires_grad() const;
  /// Leaves only: throws Error on the result of a Function.
  void set_requires_grad(bool on);
  bool is_leaf() const { return creator() == nullptr; }
  const std::shared_ptr<Function>& creator() const;
  /// Which of the creator's outputs this is.
  std::size_t output_index() const;

  /// The gradient that backward() has added up so far; undefined before.
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
  /// `retain_graph`.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;
  /// The same value, cut off from the graph.
  Variable detach() const;

  bool same_as(const Variable& other) const { return node_ == other.node_; }

  struct Node;  // variable.cpp and engine.cpp
  const std::shared_ptr<Node>& node() const { return node_; }
  /// The output `index` of `creator`; for apply().
  Variable(Tensor value, std::shared_ptr<Function> creator, std::size_t index);

 private:
  std::shared_ptr<Node> node_;
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
