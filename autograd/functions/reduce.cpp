#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

Axes all_axes(const Variable& x) {
  Axes axes = Shape::filled(x.rank(), 0);
  for (int i = 0; i < x.rank(); ++i) axes[i] = i;
  return axes;
}

/// `shape` with 1 at the reduced axes: a result of keep_dim.
Shape with_ones(Shape shape, const Axes& axes) {
  for (i64 axis : axes) shape[axis] = 1;
  return shape;
}

/// How many elements of x went into each of the result.
double count(const Shape& x, const Axes& axes) {
  double product = 1;
  for (i64 axis : axes) product *= static_cast<double>(x[axis]);
  return product;
}

// y  = Σ x over the axes
// dx = dy, repeated along them
struct Sum final : Function {
  Axes axes;
  bool keep_dim;
  Sum(const Axes& over, bool keep) : axes(over), keep_dim(keep) {}
  std::string_view name() const override { return "sum"; }
  Tensor forward(const Tensor& x) const { return sum(x, axes, keep_dim); }
  Gradients backward(const Gradients& dy) override {
    const Shape& shape = input_shape(0);
    return {dy[0].reshape(with_ones(shape, axes)).expand(shape)};
  }
};

// y  = 1/count Σ x over the axes
// dx = dy / count, repeated along them
struct Mean final : Function {
  Axes axes;
  bool keep_dim;
  Mean(const Axes& over, bool keep) : axes(over), keep_dim(keep) {}
  std::string_view name() const override { return "mean"; }
  Tensor forward(const Tensor& x) const { return mean(x, axes, keep_dim); }
  Gradients backward(const Gradients& dy) override {
    const Shape& shape = input_shape(0);
    return {(dy[0] / count(shape, axes)).reshape(with_ones(shape, axes)).expand(shape)};
  }
};

// y  = x at the index of the largest (smallest) value along the axis, the first of equals
// dx = dy at that index, 0 elsewhere
struct ExtremumAlong final : Function {
  bool largest;
  i64 axis;
  bool keep_dim;
  Saved index;
  ExtremumAlong(bool maximum, i64 along, bool keep)
      : largest(maximum), axis(along), keep_dim(keep) {}
  std::string_view name() const override { return largest ? "max" : "min"; }
  std::vector<Saved*> saved() override { return {&index}; }
  Tensor forward(const Tensor& x) {
    index = largest ? argmax(x, axis, true) : argmin(x, axis, true);
    Tensor y = gather(x, axis, index);
    return keep_dim ? y : y.squeeze(axis);
  }
  Gradients backward(const Gradients& dy) override {
    const Shape& shape = input_shape(0);
    return {scatter_add(dy[0].reshape(with_ones(shape, {axis})), axis, index, shape)};
  }
};

// y  = Σ (x − m)² / (count − correction),  m = mean x
// dx = dy · 2 (x − m) / (count − correction)
struct Var final : Function {
  Axes axes;
  i64 correction;
  bool keep_dim;
  Saved x;
  Var(const Axes& over, i64 lost, bool keep) : axes(over), correction(lost), keep_dim(keep) {}
  std::string_view name() const override { return "var"; }
  std::vector<Saved*> saved() override { return {&x}; }
  Tensor forward(const Tensor& input) { return var(x = input, axes, correction, keep_dim); }
  Gradients backward(const Gradients& dy) override {
    const Shape& shape = input_shape(0);
    double factor = 2 / (count(shape, axes) - static_cast<double>(correction));
    Tensor each = (dy[0] * factor).reshape(with_ones(shape, axes));
    return {(x - mean(x, axes, true)) * each};
  }
};

// y    = log Σ exp x along the axis
// dx_i = dy exp(x_i − y)
struct Logsumexp final : Function {
  i64 axis;
  bool keep_dim;
  Saved x, y;
  Logsumexp(i64 along, bool keep) : axis(along), keep_dim(keep) {}
  std::string_view name() const override { return "logsumexp"; }
  std::vector<Saved*> saved() override { return {&x, &y}; }
  Tensor forward(const Tensor& input) {
    x = input;
    y = logsumexp(input, axis, true);
    return keep_dim ? y.get() : y.get().squeeze(axis);
  }
  Gradients backward(const Gradients& dy) override {
    return {exp(x - y) * dy[0].reshape(y.get().shape())};
  }
};

}  // namespace

Variable sum(const Variable& x) { return sum(x, all_axes(x)); }
Variable sum(const Variable& x, const Axes& axes, bool keep_dim) {
  return apply(Sum(axes, keep_dim), raised(x));
}
Variable mean(const Variable& x) { return mean(x, all_axes(x)); }
Variable mean(const Variable& x, const Axes& axes, bool keep_dim) {
  return apply(Mean(axes, keep_dim), raised(x));
}
Variable max(const Variable& x, i64 axis, bool keep_dim) {
  return apply(ExtremumAlong(true, axis, keep_dim), raised(x));
}
Variable min(const Variable& x, i64 axis, bool keep_dim) {
  return apply(ExtremumAlong(false, axis, keep_dim), raised(x));
}
Variable var(const Variable& x, const Axes& axes, i64 correction, bool keep_dim) {
  return apply(Var(axes, correction, keep_dim), raised(x));
}
Variable logsumexp(const Variable& x, i64 axis, bool keep_dim) {
  return apply(Logsumexp(axis, keep_dim), raised(x));
}

}  // namespace melgrad
