#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y  = max over each window
// dx = Σ of dy over the windows whose maximum (the first of equals) it was
struct MaxPool2d final : Function {
  Pair kernel;
  Pool2dOptions options;
  Saved x, y;
  MaxPool2d(Pair size, const Pool2dOptions& o) : kernel(size), options(o) {}
  std::string_view name() const override { return "max_pool2d"; }
  std::vector<Saved*> saved() override { return {&x, &y}; }
  Tensor forward(const Tensor& input) { return y = max_pool2d(x = input, kernel, options); }
  Gradients backward(const Gradients& dy) override {
    return {max_pool2d_backward(x, y, dy[0], kernel, options)};
  }
};

// y  = mean over each window
// dx = Σ of dy / divisor over the windows that hold it
struct AvgPool2d final : Function {
  Pair kernel;
  Pool2dOptions options;
  AvgPool2d(Pair size, const Pool2dOptions& o) : kernel(size), options(o) {}
  std::string_view name() const override { return "avg_pool2d"; }
  Tensor forward(const Tensor& x) const { return avg_pool2d(x, kernel, options); }
  Gradients backward(const Gradients& dy) override {
    return {avg_pool2d_backward(dy[0], input_shape(0), kernel, options)};
  }
};

// y  = mean over windows chosen so that the result is `size`
// dx = Σ of dy / (elements of the window) over the windows that hold it
struct AdaptiveAvgPool2d final : Function {
  Pair size;
  explicit AdaptiveAvgPool2d(Pair target) : size(target) {}
  std::string_view name() const override { return "adaptive_avg_pool2d"; }
  Tensor forward(const Tensor& x) const { return adaptive_avg_pool2d(x, size); }
  Gradients backward(const Gradients& dy) override {
    return {adaptive_avg_pool2d_backward(dy[0], input_shape(0))};
  }
};

}  // namespace

Variable max_pool2d(const Variable& x, Pair kernel, const Pool2dOptions& options) {
  return apply(MaxPool2d(kernel, options), x);
}
Variable avg_pool2d(const Variable& x, Pair kernel, const Pool2dOptions& options) {
  return apply(AvgPool2d(kernel, options), x);
}
Variable adaptive_avg_pool2d(const Variable& x, Pair size) {
  return apply(AdaptiveAvgPool2d(size), x);
}

}  // namespace melgrad
