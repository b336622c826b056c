#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y_i  = exp(x_i) / Σ_j exp(x_j)     along the axis
// dx_i = y_i (dy_i − Σ_j dy_j y_j)
struct Softmax final : Function {
  i64 axis;
  Saved y;
  explicit Softmax(i64 along) : axis(along) {}
  std::string_view name() const override { return "softmax"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = softmax(x, axis); }
  Gradients backward(const Gradients& dy) override { return {softmax_backward(y, dy[0], axis)}; }
};

// y_i  = x_i − log Σ_j exp(x_j)      along the axis
// dx_i = dy_i − exp(y_i) Σ_j dy_j
struct LogSoftmax final : Function {
  i64 axis;
  Saved y;
  explicit LogSoftmax(i64 along) : axis(along) {}
  std::string_view name() const override { return "log_softmax"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = log_softmax(x, axis); }
  Gradients backward(const Gradients& dy) override {
    return {log_softmax_backward(y, dy[0], axis)};
  }
};

}  // namespace

Variable softmax(const Variable& x, i64 axis) { return apply(Softmax(axis), raised(x)); }
Variable log_softmax(const Variable& x, i64 axis) { return apply(LogSoftmax(axis), raised(x)); }

}  // namespace melgrad
