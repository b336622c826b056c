#include "autograd/function.h"

#include <algorithm>

#include "autograd/tools/anomaly.h"

namespace melgrad {

// Destroying a node destroys what only it held, and so on down the graph: done here in a loop, as a
// chain of destructors would overflow the stack near 100 000 nodes.
Function::~Function() {
  std::vector<std::shared_ptr<Function>> dropped;
  auto drop_inputs = [&dropped](Function& f) {
    for (Edge& edge : f.edges_)
      if (edge.function) dropped.push_back(std::move(edge.function));
  };
  drop_inputs(*this);
  while (!dropped.empty()) {
    std::shared_ptr<Function> f = std::move(dropped.back());
    dropped.pop_back();
    if (f.use_count() == 1) drop_inputs(*f);
  }
}

void Function::connect(const Variable* const* begin, const Variable* const* end) {
  if (anomaly_mode()) called_from = calling_place();
  if (!grad_enabled()) return;
  auto wanted = [](const Variable* input) { return input->requires_grad(); };
  if (std::none_of(begin, end, wanted)) return;
  place = Scope::here();
  edges_.reserve(static_cast<std::size_t>(end - begin));
  for (const Variable* const* input = begin; input != end; ++input) {
    Edge& edge = edges_.emplace_back();
    if (!wanted(*input)) continue;
    const Variable::Node& node = *(*input)->node();
    edge = {node.function, node.output, node.value.shape(), node.value.dtype()};
  }
}

void Function::add_hook(std::size_t output, std::function<Tensor(const Tensor&)> hook) {
  watches_.push_back({output, std::move(hook), {}});
}

void Function::keep_gradient(std::size_t output, std::weak_ptr<Variable::Node> variable) {
  for (const Watch& watch : watches_)
    if (!watch.hook && watch.output == output) return;
  watches_.push_back({output, nullptr, std::move(variable)});
}

void Function::check_forward(const Tensor& value) const {
  if (anomaly_mode()) check_finite(value, name(), "the result", called_from);
}

// A leaf's gradient lies in memory as the leaf does, so that an optimiser can run over both as
// plain arrays, and is shared with nobody, so that it can be clipped in place.
Gradients Leaf::backward(const Gradients& dy) {
  if (!variable) return {};
  if (variable->grad.defined()) {
    accumulate(variable->grad, dy[0]);
    return {};
  }
  const Tensor& value = variable->value;
  Shape strides = value.is_dense() ? value.strides() : value.shape().row_major();
  Tensor g = with_strides(dy[0], strides);
  // dy holds one reference; one more is g's if nothing had to be copied.
  bool exclusive = g.storage().use_count() <= (g.shares_storage(dy[0]) ? 2 : 1);
  variable->grad = exclusive ? std::move(g) : g.clone();
  return {};
}

void accumulate(Tensor& sum, Tensor g) {
  auto exclusive = [](const Tensor& x) { return x.storage().use_count() == 1 && x.is_dense(); };
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (exclusive(sum)) {
    sum.add_(g);
  } else if (exclusive(g)) {
    sum = std::move(g.add_(sum));
  } else {
    sum = sum + g;
  }
}

Tensor with_strides(const Tensor& x, const Shape& strides) {
  bool same = true;  // the stride of an axis of size 1 is never used
  for (int axis = 0; axis < x.rank(); ++axis)
    same = same && (x.dim(axis) == 1 || x.strides()[axis] == strides[axis]);
  if (same) return x;
  auto bytes = static_cast<std::size_t>(x.numel()) * size_of(x.dtype());
  Tensor y(std::make_shared<Storage>(x.device(), bytes), x.dtype(), x.shape(), strides, 0);
  y.copy_(x);
  return y;
}

}  // namespace melgrad
