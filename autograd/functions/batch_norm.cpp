#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// x̂  = (x − mean) / √(var + eps) per channel;  y = gamma x̂ + beta + residual, then max(y, 0) if relu,
// then the maximum of each window if pooled.
// With g = dy, where the ReLU was on, and only at the first position of its window that is the maximum:
// dgamma = Σ g x̂,  dbeta = Σ g,  dresidual = g,
// dx = gamma / √(var + eps) · (g − dbeta/rows − x̂ dgamma/rows)
// Without batch statistics mean and var are constants, and the last two terms fall away.
struct BatchNorm final : Function {
  BatchNormOptions options;
  bool batch_statistics;
  Saved x, mean, var, gamma, beta, y;  // y: where a residual comes before the ReLU
  bool adds = false;
  BatchNorm(const Statistics& statistics, bool of_this_batch, const BatchNormOptions& how)
      : options(how), batch_statistics(of_this_batch) {
    mean = statistics.mean;
    var = statistics.var;
  }
  std::string_view name() const override {
    return options.pool ? "batch_norm_relu_max_pool" : adds ? "batch_norm_add" : "batch_norm";
  }
  std::vector<Saved*> saved() override { return {&x, &mean, &var, &gamma, &beta, &y}; }
  Tensor forward(const Tensor& input, const Tensor& scale, const Tensor& shift,
                 const Tensor& residual) {
    x = input;
    gamma = scale;
    beta = shift;
    adds = residual.defined();
    Tensor result = batch_norm(x, {mean, var}, gamma, beta, options, residual);
    if (adds && options.relu) y = result;
    return result;
  }
  Gradients backward(const Gradients& dy) override {
    BatchNormOptions of_norm = options;
    Tensor g = dy[0];
    if (adds && options.relu) {
      g = relu_backward(y, g);
      of_norm.relu = false;
    }
    BatchNormBackwardResult d =
        batch_norm_backward(x, {mean, var}, gamma, beta, of_norm, batch_statistics, g,
                            {.dx = needs(0), .dgamma = needs(1), .dbeta = needs(2)});
    return {std::move(d.dx), std::move(d.dgamma), std::move(d.dbeta), needs(3) ? g : Tensor()};
  }
};

}  // namespace

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const BatchNormOptions& options, Statistics* statistics,
                    const Variable& residual) {
  Statistics of_batch = batch_norm_statistics(x.data());
  if (statistics) *statistics = of_batch;
  return apply(BatchNorm(of_batch, true, options), x, gamma, beta, residual);
}

Variable batch_norm(const Variable& x, const Statistics& fixed, const Variable& gamma,
                    const Variable& beta, const BatchNormOptions& options,
                    const Variable& residual) {
  return apply(BatchNorm(fixed, false, options), x, gamma, beta, residual);
}

}  // namespace melgrad
