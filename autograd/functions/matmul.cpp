#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

/// All axes but the last as one.
Tensor as_rows(const Tensor& x) { return x.reshape({-1, x.shape().back()}); }

// y  = a b
// da = dy bᵀ,  db = aᵀ dy
// in the last two axes; those before are broadcast, which the engine undoes. A 1-d operand is a
// matrix of one row (a) or column (b), an axis that y has lost.
struct Matmul final : Function {
  Saved a, b;
  bool row = false, column = false;  // a, b is 1-d
  std::string_view name() const override { return "matmul"; }
  bool broadcasts() const override { return true; }
  std::vector<Saved*> saved() override { return {&a, &b}; }
  Tensor forward(const Tensor& left, const Tensor& right) {
    row = left.rank() == 1;
    column = right.rank() == 1;
    if (needs(0)) b = right;
    if (needs(1)) a = left;
    return matmul(left, right);
  }
  Gradients backward(const Gradients& dy) override {
    Tensor g = dy[0];
    if (column) g = g.unsqueeze(-1);
    if (row) g = g.unsqueeze(-2);
    return {needs(0) ? left_gradient(g) : Tensor(), needs(1) ? right_gradient(g) : Tensor()};
  }

 private:
  Tensor left_gradient(const Tensor& g) const {
    Tensor right = column ? b.get().unsqueeze(1) : b.get();
    Tensor da = matmul(g, right.transpose(-1, -2));
    return row ? da.squeeze(-2) : da;
  }
  Tensor right_gradient(const Tensor& g) const {
    Tensor left = row ? a.get().unsqueeze(0) : a.get();
    // One matrix b for all of a's: the sum over them is part of the product.
    bool one_product = input_shape(1).rank() <= 2 && left.rank() > 2;
    Tensor db = one_product ? matmul(as_rows(left).transpose(0, 1), as_rows(g))
                            : matmul(left.transpose(-1, -2), g);
    return column ? db.squeeze(-1) : db;
  }
};

// y  = x wᵀ + bias                    x (…, in)  w (out, in)  bias (out)
// dx = dy w,  dw = dyᵀ x,  dbias = Σ_rows dy
struct Linear final : Function {
  Saved x, weight;
  std::string_view name() const override { return "linear"; }
  std::vector<Saved*> saved() override { return {&x, &weight}; }
  Tensor forward(const Tensor& input, const Tensor& w, const Tensor& bias) {
    if (needs(0)) weight = w;
    if (needs(1)) x = input;
    return linear(input, w, bias);
  }
  Gradients backward(const Gradients& dy) override {
    Gradients d(3);
    Tensor g = as_rows(dy[0]);
    if (needs(0)) d[0] = matmul(g, weight).reshape(input_shape(0));
    if (needs(1)) d[1] = matmul(g.transpose(0, 1), as_rows(x));
    if (needs(2)) d[2] = sum(g, {0});
    return d;
  }
};

}  // namespace

Variable matmul(const Variable& a, const Variable& b) {
  return apply(Matmul(), lowered(a), lowered(b));
}
Variable linear(const Variable& x, const Variable& weight, const Variable& bias) {
  return apply(Linear(), lowered(x), lowered(weight), lowered(bias));
}

}  // namespace melgrad
