#include "autograd/variable.h"

#include "autograd/function.h"

namespace melgrad {
namespace {
thread_local bool recording = true;
}

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }
bool grad_enabled() { return recording; }

Variable::Node::~Node() {
  if (is_leaf && function) static_cast<Leaf&>(*function).variable = nullptr;
}

Variable::Variable(Tensor value, bool requires_grad) : node_(std::make_shared<Node>()) {
  check(value.defined(), "variable", "made from an undefined tensor; Variable() stands for absent");
  node_->value = std::move(value);
  if (requires_grad) set_requires_grad(true);
}

Variable::Variable(Tensor value, std::shared_ptr<Function> creator, std::size_t index)
    : node_(std::make_shared<Node>()) {
  node_->value = std::move(value);
  node_->is_leaf = creator == nullptr;
  node_->requires_grad = creator != nullptr;
  node_->function = std::move(creator);
  node_->output = index;
}

Variable::Node& Variable::checked_node() const {
  check(defined(), "variable", "undefined: it stands for an absent operand and has no value");
  return *node_;
}

const Tensor& Variable::data() const { return checked_node().value; }

Tensor& Variable::mutable_data() {
  Tensor& value = checked_node().value;
  value.storage()->bump_version();
  return value;
}

bool Variable::requires_grad() const { return node_ && node_->requires_grad; }

void Variable::set_requires_grad(bool on) {
  Node& node = checked_node();
  check(node.is_leaf, "set_requires_grad",
        "only leaves can change; this is the result of an operation: {}; detach() it first",
        node.value);
  check(!on || is_floating(node.value.dtype()), "set_requires_grad",
        "only floating tensors have gradients: {}", node.value);
  if (on && !node.function) node.function = std::make_shared<Leaf>(&node);
  node.requires_grad = on;
}

const std::shared_ptr<Function>& Variable::creator() const {
  static const std::shared_ptr<Function> none;
  const Node& node = checked_node();
  return node.is_leaf ? none : node.function;
}

std::size_t Variable::output_index() const { return checked_node().output; }
const Tensor& Variable::grad() const { return checked_node().grad; }
Tensor& Variable::mutable_grad() { return checked_node().grad; }
void Variable::zero_grad() { checked_node().grad = {}; }

void Variable::retain_grad() {
  const Node& node = checked_node();
  check(node.requires_grad, "retain_grad", "this variable requires no gradient: {}", node.value);
  if (!node.is_leaf) node.function->keep_gradient(node.output, node_);
}

void Variable::register_hook(std::function<Tensor(const Tensor&)> hook) {
  const Node& node = checked_node();
  check(node.requires_grad, "register_hook", "this variable requires no gradient: {}", node.value);
  node.function->add_hook(node.output, std::move(hook));
}

Variable Variable::detach() const { return Variable(data()); }

}  // namespace melgrad
