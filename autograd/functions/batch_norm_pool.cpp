#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y = max over each window of max(gamma x̂ + beta, 0),  x̂ = (x − mean) / √(var + eps)
// With g = dy at the first position of each window that is its maximum, and above 0; 0 elsewhere:
// dgamma = Σ g x̂,  dbeta = Σ g,  dx = gamma / √(var + eps) · (g − dbeta/rows − x̂ dgamma/rows)
// Without batch statistics the last two terms of dx fall away.
struct BatchNormReluMaxPool final : Function {
  double eps;
  bool batch_statistics;
  Pair kernel;
  Saved x, mean, var, gamma, beta;
  BatchNormReluMaxPool(const Statistics& statistics, bool of_this_batch, double epsilon, Pair size)
      : eps(epsilon), batch_statistics(of_this_batch), kernel(size) {
    mean = statistics.mean;
    var = statistics.var;
  }
  std::string_view name() const override { return "batch_norm_relu_max_pool"; }
  std::vector<Saved*> saved() override { return {&x, &mean, &var, &gamma, &beta}; }
  Tensor forward(const Tensor& input, const Tensor& scale, const Tensor& shift) {
    x = input;
    gamma = scale;
    beta = shift;
    return batch_norm_relu_max_pool(x, {mean, var}, gamma, beta, eps, kernel);
  }
  Gradients backward(const Gradients& dy) override {
    BatchNormGradients d = batch_norm_relu_max_pool_backward(
        x, {mean, var}, gamma, beta, eps, batch_statistics, kernel, dy[0],
        {.dx = needs(0), .dgamma = needs(1), .dbeta = needs(2)});
    return {std::move(d.dx), std::move(d.dgamma), std::move(d.dbeta)};
  }
};

}  // namespace

Variable batch_norm_relu_max_pool(const Variable& x, const Variable& gamma, const Variable& beta,
                                  double eps, Pair kernel, Statistics* statistics) {
  Variable wide = raised(x);
  Statistics of_batch = batch_norm_statistics(wide.data());
  if (statistics) *statistics = of_batch;
  return apply(BatchNormReluMaxPool(of_batch, true, eps, kernel), wide, gamma, beta);
}

Variable batch_norm_relu_max_pool(const Variable& x, const Statistics& fixed, const Variable& gamma,
                                  const Variable& beta, double eps, Pair kernel) {
  return apply(BatchNormReluMaxPool(fixed, false, eps, kernel), raised(x), gamma, beta);
}

}  // namespace melgrad
