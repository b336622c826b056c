#pragma once
#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/scope.h"
#include "autograd/variable.h"

namespace melgrad {

/// A tensor that forward keeps for backward. It remembers the storage's version: the engine refuses
/// to run a backward whose saved values were written to in between.
class Saved {
 public:
  Saved() = default;
  /// Keeps x (an undefined one, too) and returns it: `return y = softmax(x);`
  const Tensor& operator=(const Tensor& x) {  // NOLINT(misc-unconventional-assign-operator)
    tensor_ = x;
    version_ = x.defined() ? x.storage()->version() : 0;
    return tensor_;
  }
  const Tensor& get() const { return tensor_; }
  operator const Tensor&() const { return tensor_; }  // NOLINT(google-explicit-constructor)
  bool unchanged() const { return !tensor_.defined() || tensor_.storage()->version() == version_; }
  void release() { tensor_ = {}; }

 private:
  Tensor tensor_;
  u64 version_ = 0;
};

using Gradients = std::vector<Tensor>;

/// One operation in the graph: `forward` computes and saves, `backward` turns the outputs'
/// gradients into the inputs'. A derived struct has named Saved members (listed in `saved()`, so
/// that the engine can let go of them), a `forward` with one Tensor per input that returns a Tensor
/// or a std::vector<Tensor>, and stands below the comment that gives both formulas.
struct Function {
  Function() = default;
  Function(Function&&) = default;
  virtual ~Function();  // iterative: a chain of a million nodes does not recurse

  virtual std::string_view name() const = 0;
  /// dy[i] is the gradient of output i, undefined if nothing depended on it; at least one is
  /// defined. One entry for each input; an undefined one where !needs(i) or the derivative is 0
  /// throughout.
  virtual Gradients backward(const Gradients& dy) = 0;
  /// All Saved members.
  virtual std::vector<Saved*> saved() { return {}; }
  /// True: the inputs were broadcast; the engine sums each gradient back to its input's shape.
  virtual bool broadcasts() const { return false; }

  /// An input as the engine remembers it.
  struct Edge {
    std::shared_ptr<Function> function;  // takes the input's gradient; null if nobody wants it
    std::size_t output = 0;              // which of that Function's outputs the input was
    Shape shape;
    Dtype dtype = Dtype::f32;
  };
  const std::vector<Edge>& edges() const { return edges_; }

  /// Whether input i wants a gradient. Known in forward, too: save only what backward will read.
  bool needs(std::size_t i) const { return i < edges_.size() && edges_[i].function != nullptr; }
  bool needs_any() const { return !edges_.empty(); }
  /// In backward: whether it may come again (retain_graph), so that what was saved must stay as it is.
  bool is_retained() const { return retained_; }
  const Shape& input_shape(std::size_t input) const { return edges_[input].shape; }
  Dtype input_dtype(std::size_t input) const { return edges_[input].dtype; }

  /// Records the inputs if one of them wants a gradient and no NoGrad lives; an undefined Variable
  /// is an absent one. Called by apply() before forward.
  void connect(std::initializer_list<const Variable*> inputs) {
    connect(inputs.begin(), inputs.end());
  }
  void connect(const std::vector<const Variable*>& inputs) {
    connect(inputs.data(), inputs.data() + inputs.size());
  }
  /// Called with every gradient of `output`, in the order of registration.
  void add_hook(std::size_t output, std::function<Tensor(const Tensor&)> hook);
  /// Stores the gradient of `output`, after all hooks, in `variable` as long as that lives.
  void keep_gradient(std::size_t output, std::weak_ptr<Variable::Node> variable);
  /// In anomaly mode: throws Error if a value of forward is NaN or infinite.
  void check_forward(const Tensor& value) const;
  /// The module in which apply() was called, for errors of backward.
  Scope::Here place;
  /// In anomaly mode the calling function, too.
  std::string called_from;

 private:
  friend class Engine;
  template <class F, class Result>
  friend auto record(F function, Result result);

  /// Somebody who wants to see the gradient of an output.
  struct Watch {
    std::size_t output;
    std::function<Tensor(const Tensor&)> hook;  // or:
    std::weak_ptr<Variable::Node> keeper;
  };
  void connect(const Variable* const* begin, const Variable* const* end);

  std::vector<Edge> edges_;
  std::vector<Watch> watches_;
  std::size_t outputs_ = 1;

  // During one backward:
  Gradients incoming_;                // what has arrived so far, one an output; empty if nothing
  std::size_t pending_ = 0;           // edges that have not delivered yet
  const void* visited_by_ = nullptr;  // the Engine at work
  bool retained_ = false;             // the graph
  bool freed_ = false;                // backward ran and let go of the saved values
};

/// Makes a Function that ran forward part of the graph, if its gradient is wanted; otherwise what
/// it saved ends here.
template <class F, class Result>
auto record(F function, Result result) {
  static_assert(std::same_as<Result, Tensor> || std::same_as<Result, std::vector<Tensor>>,
                "forward() returns a Tensor or a std::vector<Tensor>: it computes on tensors, and "
                "apply() makes Variables of them");
  std::shared_ptr<Function> node;
  if constexpr (std::same_as<Result, Tensor>) {
    function.check_forward(result);
    if (function.needs_any()) node = std::make_shared<F>(std::move(function));
    return Variable(std::move(result), std::move(node), 0);
  } else {
    for (const Tensor& value : result) function.check_forward(value);
    function.outputs_ = result.size();
    if (function.needs_any()) node = std::make_shared<F>(std::move(function));
    std::vector<Variable> outputs;
    outputs.reserve(result.size());
    for (std::size_t i = 0; i < result.size(); ++i)
      outputs.push_back(result[i].defined() ? Variable(std::move(result[i]), node, i) : Variable());
    return outputs;
  }
}

/// The variable's tensor; an undefined one for an undefined variable.
inline const Tensor& value_of(const Variable& variable) {
  static const Tensor absent;
  return variable.defined() ? variable.data() : absent;
}

/// Runs function.forward on the inputs' values and records it: `return apply(Softmax(axis), x);`
template <class F, class... Inputs>
auto apply(F function, const Inputs&... inputs) {
  static_assert(std::derived_from<F, Function>, "apply() takes a Function, and then its inputs");
  static_assert((std::same_as<Inputs, Variable> && ...),
                "the inputs of apply() are Variables; a tensor or number without a gradient is a "
                "member of the Function");
  if constexpr (std::derived_from<F, Function> && (std::same_as<Inputs, Variable> && ...)) {
    constexpr bool fits = requires { function.forward(value_of(inputs)...); };
    static_assert(fits, "forward() takes one const Tensor& for each input of apply()");
    if constexpr (fits) {
      function.connect({&inputs...});
      auto result = function.forward(value_of(inputs)...);
      return record(std::move(function), std::move(result));
    }
  }
}

/// The same for a list of inputs (cat, stack): forward takes std::vector<Tensor>.
template <std::derived_from<Function> F>
auto apply_to_list(F function, const std::vector<Variable>& inputs) {
  std::vector<const Variable*> pointers;
  std::vector<Tensor> values;
  for (const Variable& input : inputs) {
    pointers.push_back(&input);
    values.push_back(value_of(input));
  }
  function.connect(pointers);
  auto result = function.forward(values);
  return record(std::move(function), std::move(result));
}

/// The end of a path through the graph: adds gradients up in a leaf. Owned by the leaf, and does
/// nothing once that is gone.
struct Leaf final : Function {
  Variable::Node* variable;

  explicit Leaf(Variable::Node* owner) : variable(owner) {}
  std::string_view name() const override { return "leaf"; }
  Gradients backward(const Gradients& dy) override;
};

/// Adds g to `sum`: in place where nobody else holds that memory. An undefined `sum` becomes g.
void accumulate(Tensor& sum, Tensor g);
/// x itself if it lies in memory with these strides (those of a dense tensor of its shape), else a
/// copy that does.
Tensor with_strides(const Tensor& x, const Shape& strides);

}  // namespace melgrad
