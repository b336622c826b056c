#include <algorithm>

#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

// Operations that move elements: dx moves them back. Where x was cut or repeated, the missing ones
// are 0 and the repeated ones add up.
namespace melgrad {
namespace {

// dx = dy in x's shape
struct Reshape final : Function {
  Shape shape;
  explicit Reshape(const Shape& target) : shape(target) {}
  std::string_view name() const override { return "reshape"; }
  Tensor forward(const Tensor& x) const { return x.reshape(shape); }
  Gradients backward(const Gradients& dy) override { return {dy[0].reshape(input_shape(0))}; }
};

// dx = dy in x's shape
struct Flatten final : Function {
  i64 first, last;
  Flatten(i64 from, i64 to) : first(from), last(to) {}
  std::string_view name() const override { return "flatten"; }
  Tensor forward(const Tensor& x) const { return x.flatten(first, last); }
  Gradients backward(const Gradients& dy) override { return {dy[0].reshape(input_shape(0))}; }
};

// y's axis i is x's axis axes[i]:  dx's axis axes[i] is dy's axis i
struct Permute final : Function {
  Shape axes;
  explicit Permute(const Shape& order) : axes(order) {}
  std::string_view name() const override { return "permute"; }
  Tensor forward(const Tensor& x) const { return x.permute(axes); }
  Gradients backward(const Gradients& dy) override {
    Shape inverse = axes;
    for (int i = 0; i < axes.rank(); ++i) inverse[normalize_axis(axes[i], axes.rank(), name())] = i;
    return {dy[0].permute(inverse)};
  }
};

// dx = dyᵀ
struct Transpose final : Function {
  i64 axis1, axis2;
  Transpose(i64 one, i64 other) : axis1(one), axis2(other) {}
  std::string_view name() const override { return "transpose"; }
  Tensor forward(const Tensor& x) const { return x.transpose(axis1, axis2); }
  Gradients backward(const Gradients& dy) override { return {dy[0].transpose(axis1, axis2)}; }
};

/// Zeros of an input's shape, to be written to in part.
Tensor zeros_of_input(const Function& function, const Tensor& dy) {
  return zeros(function.edges()[0].shape, dy.dtype(), dy.device());
}

// dx = dy within the slice, 0 elsewhere
struct Slice final : Function {
  i64 axis, begin, end, step;
  Slice(i64 along, i64 from, i64 to, i64 by) : axis(along), begin(from), end(to), step(by) {}
  std::string_view name() const override { return "slice"; }
  Tensor forward(const Tensor& x) const { return x.slice(axis, begin, end, step); }
  Gradients backward(const Gradients& dy) override {
    Tensor dx = zeros_of_input(*this, dy[0]);
    dx.slice(axis, begin, end, step).copy_(dy[0]);
    return {dx};
  }
};

// dx = dy at the index, 0 elsewhere
struct Select final : Function {
  i64 axis, index;
  Select(i64 along, i64 at) : axis(along), index(at) {}
  std::string_view name() const override { return "select"; }
  Tensor forward(const Tensor& x) const { return x.select(axis, index); }
  Gradients backward(const Gradients& dy) override {
    Tensor dx = zeros_of_input(*this, dy[0]);
    dx.select(axis, index).copy_(dy[0]);
    return {dx};
  }
};

// dx = dy, summed over the axes that were stretched (by the engine)
struct Expand final : Function {
  Shape shape;
  explicit Expand(const Shape& target) : shape(target) {}
  std::string_view name() const override { return "expand"; }
  bool broadcasts() const override { return true; }
  Tensor forward(const Tensor& x) const { return x.expand(shape); }
  Gradients backward(const Gradients& dy) override { return {dy[0]}; }
};

// dx = dy, flipped back
struct Flip final : Function {
  i64 axis;
  explicit Flip(i64 along) : axis(along) {}
  std::string_view name() const override { return "flip"; }
  Tensor forward(const Tensor& x) const { return x.flip(axis); }
  Gradients backward(const Gradients& dy) override { return {dy[0].flip(axis)}; }
};

// y = x₀, x₁, … along an axis:  dx_i = its part of dy
struct Cat final : Function {
  i64 axis;
  std::vector<i64> sizes;
  explicit Cat(i64 along) : axis(along) {}
  std::string_view name() const override { return "cat"; }
  Tensor forward(const std::vector<Tensor>& parts) {
    for (const Tensor& part : parts) sizes.push_back(part.dim(axis));
    return cat(parts, axis);
  }
  Gradients backward(const Gradients& dy) override { return split(dy[0], sizes, axis); }
};

// y[…i…] = x_i:  dx_i = dy[…i…]
struct Stack final : Function {
  i64 axis;
  i64 count = 0;
  explicit Stack(i64 along) : axis(along) {}
  std::string_view name() const override { return "stack"; }
  Tensor forward(const std::vector<Tensor>& parts) {
    count = static_cast<i64>(parts.size());
    return stack(parts, axis);
  }
  Gradients backward(const Gradients& dy) override {
    Gradients dx;
    for (i64 i = 0; i < count; ++i) dx.push_back(dy[0].select(axis, i));
    return dx;
  }
};

// y_i = part i of x:  dx = dy₀, dy₁, …; a part without gradient is 0
struct Split final : Function {
  i64 size, axis;
  Split(i64 of, i64 along) : size(of), axis(along) {}
  std::string_view name() const override { return "split"; }
  std::vector<Tensor> forward(const Tensor& x) const { return split(x, size, axis); }
  Gradients backward(const Gradients& dy) override {
    auto present = std::find_if(dy.begin(), dy.end(), [](auto& g) { return g.defined(); });
    Tensor dx = zeros_of_input(*this, *present);
    std::vector<Tensor> parts = split(dx, size, axis);
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (dy[i].defined()) parts[i].copy_(dy[i]);
    return {dx};
  }
};

// dx = dy without the padding
struct Pad final : Function {
  Shape before, after;
  double value;
  Pad(const Shape& front, const Shape& back, double filling)
      : before(front), after(back), value(filling) {}
  std::string_view name() const override { return "pad"; }
  Tensor forward(const Tensor& x) const { return pad(x, before, after, value); }
  Gradients backward(const Gradients& dy) override {
    Shape cut_before = before, cut_after = after;
    for (int i = 0; i < before.rank(); ++i) cut_before[i] = -before[i], cut_after[i] = -after[i];
    return {pad(dy[0], cut_before, cut_after)};
  }
};

// dx = dy in x's dtype
struct To final : Function {
  Dtype dtype;
  explicit To(Dtype target) : dtype(target) {}
  std::string_view name() const override { return "to"; }
  Tensor forward(const Tensor& x) const { return x.to(dtype); }
  Gradients backward(const Gradients& dy) override { return {dy[0].to(input_dtype(0))}; }
};

}  // namespace

Variable reshape(const Variable& x, const Shape& shape) { return apply(Reshape(shape), x); }
Variable flatten(const Variable& x, i64 from, i64 to) { return apply(Flatten(from, to), x); }
Variable permute(const Variable& x, const Shape& axes) { return apply(Permute(axes), x); }
Variable transpose(const Variable& x, i64 axis1, i64 axis2) {
  return apply(Transpose(axis1, axis2), x);
}
Variable slice(const Variable& x, i64 axis, i64 begin, i64 end, i64 step) {
  return apply(Slice(axis, begin, end, step), x);
}
Variable select(const Variable& x, i64 axis, i64 index) { return apply(Select(axis, index), x); }
Variable expand(const Variable& x, const Shape& shape) { return apply(Expand(shape), x); }
Variable flip(const Variable& x, i64 axis) { return apply(Flip(axis), x); }
Variable cat(const std::vector<Variable>& parts, i64 axis) {
  return apply_to_list(Cat(axis), raised_together(parts));
}
Variable stack(const std::vector<Variable>& parts, i64 axis) {
  return apply_to_list(Stack(axis), raised_together(parts));
}
std::vector<Variable> split(const Variable& x, i64 size, i64 axis) {
  return apply(Split(size, axis), x);
}
Variable pad(const Variable& x, const Shape& before, const Shape& after, double value) {
  return apply(Pad(before, after, value), x);
}
Variable to(const Variable& x, Dtype dtype) {
  if (x.dtype() == dtype) return x;
  check(is_floating(dtype) || !x.requires_grad(), "to",
        "{} holds no gradient: detach() the operand first: {}", name_of(dtype), x.data());
  return apply(To(dtype), x);
}

}  // namespace melgrad
