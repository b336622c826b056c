#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// x̂  = (x − mean) / √(var + eps) per channel;  y = gamma x̂ + beta, then max(y, 0) if relu, then
// the maximum of each window if pooled.
// With g = dy, where the ReLU was on, and only at the first position of its window that is the maximum:
// dgamma = Σ g x̂,  dbeta = Σ g,
// dx = gamma / √(var + eps) · (g − dbeta/rows − x̂ dgamma/rows)
// Without batch statistics mean and var are constants, and the last two terms fall away.
struct BatchNorm final : Function {
  BatchNormOptions options;
  bool batch_statistics;
  Saved x, mean, var, gamma, beta;
  BatchNorm(const Statistics& statistics, bool of_this_batch, const BatchNormOptions& how)
      : options(how), batch_statistics(of_this_batch) {
    mean = statistics.mean;
    var = statistics.var;
  }
  std::string_view name() const override {
    return options.pool ? "batch_norm_relu_max_pool" : "batch_norm";
  }
  std::vector<Saved*> saved() override { return {&x, &mean, &var, &gamma, &beta}; }
  Tensor forward(const Tensor& input, const Tensor& scale, const Tensor& shift) {
    x = input;
    gamma = scale;
    beta = shift;
    return batch_norm(x, {mean, var}, gamma, beta, options);
  }
  Gradients backward(const Gradients& dy) override {
    BatchNormBackwardResult d =
        batch_norm_backward(x, {mean, var}, gamma, beta, options, batch_statistics, dy[0],
                            {.dx = needs(0), .dgamma = needs(1), .dbeta = needs(2)});
    return {std::move(d.dx), std::move(d.dgamma), std::move(d.dbeta)};
  }
};

}  // namespace

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const BatchNormOptions& options, Statistics* statistics) {
  Statistics of_batch = batch_norm_statistics(x.data());
  if (statistics) *statistics = of_batch;
  return apply(BatchNorm(of_batch, true, options), x, gamma, beta);
}

Variable batch_norm(const Variable& x, const Statistics& fixed, const Variable& gamma,
                    const Variable& beta, const BatchNormOptions& options) {
  return apply(BatchNorm(fixed, false, options), x, gamma, beta);
}

}  // namespace melgrad
