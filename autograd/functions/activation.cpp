#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y  = tanh x
// dx = dy (1 − y²)
struct Tanh final : Function {
  Saved y;
  std::string_view name() const override { return "tanh"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = tanh(x); }
  Gradients backward(const Gradients& dy) override { return {tanh_backward(y, dy[0])}; }
};

// y  = 1 / (1 + exp(−x))
// dx = dy y (1 − y)
struct Sigmoid final : Function {
  Saved y;
  std::string_view name() const override { return "sigmoid"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = sigmoid(x); }
  Gradients backward(const Gradients& dy) override { return {sigmoid_backward(y, dy[0])}; }
};

// y  = max(x, 0)
// dx = dy where y > 0, else 0
struct Relu final : Function {
  Saved y;
  std::string_view name() const override { return "relu"; }
  std::vector<Saved*> saved() override { return {&y}; }
  Tensor forward(const Tensor& x) { return y = relu(x); }
  Gradients backward(const Gradients& dy) override { return {relu_backward(y, dy[0])}; }
};

// y  = x where x > 0, else slope x
// dx = dy where x > 0, else slope dy
struct LeakyRelu final : Function {
  double slope;
  Saved x;
  explicit LeakyRelu(double below_zero) : slope(below_zero) {}
  std::string_view name() const override { return "leaky_relu"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return leaky_relu(x = input, slope); }
  Gradients backward(const Gradients& dy) override {
    return {where(x.get() > 0, dy[0], dy[0] * slope)};
  }
};

// y  = x Φ(x),  Φ the normal distribution's.  Hendrycks & Gimpel 2016, arXiv 1606.08415, eq. 2
// dx = dy (Φ(x) + x exp(−x²/2) / √(2π))
struct Gelu final : Function {
  Saved x;
  std::string_view name() const override { return "gelu"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return gelu(x = input); }
  Gradients backward(const Gradients& dy) override { return {gelu_backward(x, dy[0])}; }
};

// y  = min(max(x, low), high)
// dx = dy where low ≤ x ≤ high, else 0
struct Clamp final : Function {
  double low, high;
  Saved x;
  Clamp(double from, double to) : low(from), high(to) {}
  std::string_view name() const override { return "clamp"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return clamp(x = input, low, high); }
  Gradients backward(const Gradients& dy) override {
    Tensor zero = scalar(0, dy[0].dtype(), dy[0].device());
    return {where(x.get() < low, zero, where(x.get() > high, zero, dy[0]))};
  }
};

}  // namespace

Variable tanh(const Variable& x) { return apply(Tanh(), x); }
Variable sigmoid(const Variable& x) { return apply(Sigmoid(), x); }
Variable relu(const Variable& x) { return apply(Relu(), x); }
Variable leaky_relu(const Variable& x, double slope) { return apply(LeakyRelu(slope), x); }
Variable gelu(const Variable& x) { return apply(Gelu(), x); }
Variable clamp(const Variable& x, double low, double high) { return apply(Clamp(low, high), x); }

}  // namespace melgrad
