#include "autograd/tools/gradcheck.h"

#include <cmath>

#include "autograd/functions.h"

namespace melgrad {
namespace {

using Operation = std::function<std::vector<Variable>(const std::vector<Variable>&)>;

/// Σ over the outputs and their elements of weight · y: what both gradients are taken of.
class Projection {
 public:
  explicit Projection(const std::vector<Variable>& outputs) {
    Generator generator(2026);
    for (const Variable& y : outputs) {
      check(!y.defined() || y.dtype() == Dtype::f64, "gradcheck", "an output is not f64: {}",
            value(y));
      weights_.push_back(y.defined() ? rand(y.shape(), generator, -1, 1, Dtype::f64) : Tensor());
    }
  }
  Variable operator()(const std::vector<Variable>& outputs) const {
    Variable total(scalar(0, Dtype::f64));
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].defined()) total = total + sum(outputs[i] * Variable(weights_[i]));
    return total;
  }

 private:
  static Tensor value(const Variable& y) { return y.defined() ? y.data() : Tensor(); }
  std::vector<Tensor> weights_;
};

/// Copies of the inputs that nobody else holds, dense, so that an element is a place in memory.
std::vector<Variable> own_copies(const std::vector<Variable>& inputs) {
  std::vector<Variable> copies;
  bool any = false;
  for (const Variable& x : inputs) {
    if (!x.defined()) {
      copies.emplace_back();
      continue;
    }
    check(!x.requires_grad() || x.dtype() == Dtype::f64, "gradcheck", "an input is not f64: {}",
          x.data());
    any = any || x.requires_grad();
    Tensor copy = x.data().clone();
    copies.emplace_back(copy.is_dense() ? copy : copy.contiguous(), x.requires_grad());
  }
  check(any, "gradcheck", "no input requires a gradient");
  return copies;
}

/// The logical index of the element at place `position` of a dense tensor's memory.
Shape index_at(const Tensor& x, i64 position) {
  Shape index = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis)
    index[axis] = x.numel() == 0 ? 0 : position / x.strides()[axis] % x.dim(axis);
  return index;
}

bool same_bits(const std::vector<Variable>& a, const std::vector<Variable>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].defined() != b[i].defined()) return false;
    if (a[i].defined() && !allclose(a[i].data(), b[i].data(), 0, 0)) return false;
  }
  return true;
}

}  // namespace

GradcheckResult gradcheck(const Operation& f, const std::vector<Variable>& inputs,
                          const GradcheckOptions& options) {
  GradcheckResult result;
  std::vector<Variable> x = own_copies(inputs);
  std::vector<Variable> outputs = f(x);
  if (!same_bits(outputs, f(x))) {
    result.message = "f is not deterministic: two calls with the same inputs differ";
    result.worst = INFINITY;
    return result;
  }
  Projection projected(outputs);
  Variable root = projected(outputs);
  check(root.requires_grad(), "gradcheck",
        "no output depends on an input that requires a gradient");
  root.backward();

  NoGrad no_grad;
  auto value = [&] { return projected(f(x)).item(); };
  for (std::size_t input = 0; input < x.size(); ++input) {
    if (!x[input].requires_grad()) continue;
    Tensor& tensor = x[input].mutable_data();
    const Tensor& gradient = x[input].grad();
    double* element = tensor.data<double>();
    for (i64 i = 0; i < tensor.numel(); ++i) {
      double before = element[i];
      element[i] = before + options.eps;
      double above = value();
      element[i] = before - options.eps;
      double below = value();
      element[i] = before;
      double numeric = (above - below) / (2 * options.eps);
      double analytic = gradient.defined() ? gradient.data<double>()[i] : 0;
      double deviation =
          std::abs(analytic - numeric) / (options.atol / options.rtol + std::abs(numeric));
      if (std::isnan(deviation)) deviation = INFINITY;  // a NaN in either is wrong
      if (deviation <= result.worst) continue;
      result.worst = deviation;
      if (deviation > options.rtol)
        result.message = format("input {} at {}: backward gave {}, finite differences {}", input,
                                index_at(tensor, i), analytic, numeric);
    }
  }
  result.passed = result.worst <= options.rtol;
  return result;
}

}  // namespace melgrad
