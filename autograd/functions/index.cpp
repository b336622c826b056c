#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y[…j…]  = x[…index[…j…]…]
// dx[…index[…j…]…] += dy[…j…]
struct Gather final : Function {
  i64 axis;
  Saved index;
  Gather(i64 along, const Tensor& indices) : axis(along) { index = indices; }
  std::string_view name() const override { return "gather"; }
  std::vector<Saved*> saved() override { return {&index}; }
  Tensor forward(const Tensor& x) const { return gather(x, axis, index); }
  Gradients backward(const Gradients& dy) override {
    return {scatter_add(dy[0], axis, index, input_shape(0))};
  }
};

// y[…j…] = x[…index[j]…]
// dx[…index[j]…] += dy[…j…]
struct IndexSelect final : Function {
  i64 axis;
  Saved index;
  IndexSelect(i64 along, const Tensor& indices) : axis(along) { index = indices; }
  std::string_view name() const override { return "index_select"; }
  std::vector<Saved*> saved() override { return {&index}; }
  Tensor forward(const Tensor& x) const { return index_select(x, axis, index); }
  Gradients backward(const Gradients& dy) override {
    return {index_add(dy[0], axis, index, input_shape(0))};
  }
};

}  // namespace

Variable gather(const Variable& x, i64 axis, const Tensor& index) {
  return apply(Gather(axis, index), x);
}
Variable index_select(const Variable& x, i64 axis, const Tensor& index) {
  return apply(IndexSelect(axis, index), x);
}

}  // namespace melgrad
