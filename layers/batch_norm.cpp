#include "layers/batch_norm.h"

namespace melgrad {

BatchNorm::BatchNorm(i64 channels, BatchNormSettings settings) : settings_(settings) {
  check(channels > 0, "batch_norm", "channels must be positive, not {}", channels);
  weight = Variable(ones({channels}), true);
  bias = Variable(zeros({channels}), true);
  running_mean = zeros({channels});
  running_var = ones({channels});
  num_batches_tracked = zeros({}, Dtype::i64);
  add_parameter("weight", weight, Initial::given);
  add_parameter("bias", bias, Initial::given);
  add_buffer("running_mean", running_mean);
  add_buffer("running_var", running_var);
  // Weights that PyTorch before 0.4.1 wrote have none.
  add_buffer("num_batches_tracked", num_batches_tracked, Absent::kept);
}

std::string BatchNorm::details() const {
  std::string text =
      format("{}, eps {}, momentum {}", weight.numel(), settings_.eps, settings_.momentum);
  if (settings_.frozen == FrozenBatchNorm::running_statistics)
    text += ", frozen by running statistics";
  return text;
}

Variable BatchNorm::forward(const Variable& x, const BatchNormOptions& options,
                            const Variable& residual) {
  check_input(x);
  if (x.rank() != 3) return normalize(x, options, residual);
  auto as_picture = [](const Variable& v) {
    return v.defined() ? reshape(v, {v.dim(0), v.dim(1), v.dim(2), 1}) : v;
  };
  return reshape(normalize(as_picture(x), options, as_picture(residual)), x.shape());
}

Variable BatchNorm::normalize(const Variable& x, const BatchNormOptions& options,
                              const Variable& residual) {
  if (!uses_batch_statistics())
    return batch_norm(x, Statistics{running_mean, running_var}, weight, bias, options, residual);

  check(x.numel() / x.dim(1) > 1, "batch_norm",
        "training needs more than one value per channel, as their variance is divided by: {}",
        x.shape());
  Statistics batch;
  Variable y = batch_norm(x, weight, bias, options, &batch, residual);
  track(batch, x.numel() / x.dim(1));
  return y;
}

bool BatchNorm::uses_batch_statistics() const {
  bool frozen = !weight.requires_grad() && !bias.requires_grad();
  return training() && !(frozen && settings_.frozen == FrozenBatchNorm::running_statistics);
}

void BatchNorm::track(const Statistics& batch, i64 values) {
  double n = static_cast<double>(values), momentum = settings_.momentum;
  double correction = settings_.unbiased_running_var ? n / (n - 1) : 1;
  Statistics running{running_mean, running_var};
  batch_norm_track(batch, momentum, correction, running, num_batches_tracked);
}

void BatchNorm::reset_parameters(Generator&) {
  weight.mutable_data().fill_(1);
  bias.mutable_data().fill_(0);
  running_mean.fill_(0);
  running_var.fill_(1);
  num_batches_tracked.fill_(0);
}

void BatchNorm1d::check_input(const Variable& x) const {
  check((x.rank() == 2 || x.rank() == 3) && x.dim(1) == weight.numel(), "batch_norm1d",
        "input is (N, {}) or (N, {}, L): {}", weight.numel(), weight.numel(), x.shape());
}

void BatchNorm2d::check_input(const Variable& x) const {
  check(x.rank() == 4 && x.dim(1) == weight.numel(), "batch_norm2d", "input is (N, {}, H, W): {}",
        weight.numel(), x.shape());
}

void set_frozen(Module& net, FrozenBatchNorm frozen) {
  for (auto& [name, module] : net.modules())
    if (auto* norm = dynamic_cast<BatchNorm*>(module)) norm->set_frozen(frozen);
}

}  // namespace melgrad
