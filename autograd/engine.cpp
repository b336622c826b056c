#include <optional>

#include "autograd/function.h"
#include "autograd/scope.h"
#include "autograd/tools/anomaly.h"
#include "kernels/profile/profile.h"

namespace melgrad {

/// One run of backward over the graph below a root, without recursion:
///   1. discover() walks the graph once and counts, for every Function, the edges that will
///      deliver a gradient to it;
///   2. run() takes Functions whose gradient is complete, calls their backward and
///      delivers the results, which completes others.
/// Functions carry the counts and gradients themselves (no hash map); the destructor resets them,
/// also after an exception.
class Engine {
 public:
  explicit Engine(bool retain_graph) : retain_graph_(retain_graph) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  ~Engine() {
    for (Function* f : visited_) {
      f->incoming_.clear();
      f->pending_ = 0;
      f->visited_by_ = nullptr;
    }
  }

  void run(Function& root, std::size_t output, Tensor gradient) {
    discover(root);
    deliver(root, output, std::move(gradient));
    std::vector<Function*> ready{&root};
    while (!ready.empty()) {
      Function& f = *ready.back();
      ready.pop_back();
      std::optional<Span> span;
      if (profiling()) span.emplace(label(f));
      try {
        differentiate(f);
      } catch (const Error& error) {
        rethrow_from(Scope::path(f.place.get()), error);
      }
      for (const Function::Edge& edge : f.edges_)
        if (edge.function && --edge.function->pending_ == 0) ready.push_back(edge.function.get());
    }
  }

 private:
  static std::string label(const Function& f) {
    std::string place = Scope::path(f.place.get());
    return format("{} backward{}", f.name(), place.empty() ? "" : ", " + place);
  }

  void discover(Function& root) {
    visit(root);
    std::vector<Function*> open{&root};
    while (!open.empty()) {
      Function& f = *open.back();
      open.pop_back();
      for (const Function::Edge& edge : f.edges_) {
        if (!edge.function) continue;
        if (edge.function->visited_by_ != this) {
          visit(*edge.function);
          open.push_back(edge.function.get());
        }
        ++edge.function->pending_;
      }
    }
  }

  void visit(Function& f) {
    check(!f.freed_, "backward",
          "the graph of {} was freed by an earlier backward(); call that one with retain_graph",
          f.name());
    check(!f.visited_by_, "backward", "called by a hook over {}, which is being differentiated",
          f.name());
    visited_.push_back(&f);
    f.visited_by_ = this;
  }

  void deliver(Function& f, std::size_t output, Tensor gradient) {
    if (f.incoming_.empty()) f.incoming_.resize(f.outputs_);
    accumulate(f.incoming_[output], std::move(gradient));
  }

  void differentiate(Function& f) {
    Gradients dy = std::move(f.incoming_);
    f.incoming_.clear();
    if (!dy.empty()) {
      show_to_watchers(f, dy);
      check_saved(f);
      f.retained_ = retain_graph_;
      Gradients dx = f.backward(dy);
      dy.clear();  // before delivery: a gradient passed through has one holder less
      if (!retain_graph_) free(f);
      deliver_to_inputs(f, dx);
    } else if (!retain_graph_) {
      free(f);
    }
  }

  static void show_to_watchers(const Function& f, Gradients& dy) {
    for (const Function::Watch& watch : f.watches_) {
      Tensor& g = dy[watch.output];
      if (!watch.hook || !g.defined()) continue;
      Tensor replacement = watch.hook(g);
      if (!replacement.defined()) continue;
      check(replacement.shape() == g.shape() && replacement.dtype() == g.dtype(), f.name(),
            "a hook replaced a gradient by another kind: {} by {}", g, replacement);
      g = std::move(replacement);
    }
    for (const Function::Watch& watch : f.watches_)
      if (auto keeper = watch.keeper.lock(); keeper && dy[watch.output].defined())
        accumulate(keeper->grad, dy[watch.output]);
  }

  static void check_saved(Function& f) {
    for (const Saved* saved : f.saved())
      check(saved->unchanged(), f.name(),
            "a tensor saved for backward was changed in place: {}; clone() it before the change",
            saved->get());
  }

  /// Lets go of the saved values as early as can be: the memory serves the next backward.
  static void free(Function& f) {
    if (f.edges_.empty()) return;  // a Leaf lives on
    f.freed_ = true;
    for (Saved* saved : f.saved()) saved->release();
  }

  void deliver_to_inputs(const Function& f, Gradients& dx) {
    check(dx.size() == f.edges_.size(), f.name(), "backward gave {} gradients for {} inputs",
          dx.size(), f.edges_.size());
    for (std::size_t i = 0; i < dx.size(); ++i) {
      const Function::Edge& edge = f.edges_[i];
      if (!edge.function || !dx[i].defined()) continue;
      if (anomaly_mode())
        check_finite(dx[i], f.name(), format("the gradient of input {}", i),
                     f.called_from.empty() ? Scope::path(f.place.get()) : f.called_from);
      Tensor g = f.broadcasts() ? undo_broadcast(dx[i], edge) : std::move(dx[i]);
      dx[i] = {};
      check(g.shape() == edge.shape && g.dtype() == edge.dtype, f.name(),
            "backward gave the gradient {} for input {}, which is {} {}", g, i, name_of(edge.dtype),
            edge.shape);
      deliver(*edge.function, edge.output, std::move(g));
    }
  }

  // A 0-d operand takes the other's dtype as well as its shape; both are undone.
  static Tensor undo_broadcast(const Tensor& g, const Function::Edge& edge) {
    Tensor summed = g.shape() == edge.shape ? g : sum_to(g, edge.shape);
    return edge.shape.empty() ? summed.to(edge.dtype) : summed;
  }

  bool retain_graph_;
  std::vector<Function*> visited_;  // kept alive by the root
};

void Variable::backward(const Tensor& gradient, bool retain_graph) const {
  const Node& node = checked_node();
  check(node.requires_grad, "backward", "no operand of this variable requires a gradient: {}",
        node.value);
  check(gradient.defined() || numel() == 1, "backward",
        "a root of several elements needs a gradient to start from: {}", node.value);
  check(!gradient.defined() || (gradient.shape() == shape() && gradient.dtype() == dtype()),
        "backward", "the root is {}, its gradient {}", node.value, gradient);
  std::shared_ptr<Function> root = node.function;  // a hook may drop the last handle to this
  Engine(retain_graph)
      .run(*root, node.output, gradient.defined() ? gradient : full(shape(), 1, dtype(), device()));
}

}  // namespace melgrad
