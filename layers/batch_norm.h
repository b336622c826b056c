#pragma once
#include "layers/module.h"

namespace melgrad {

/// What a batch norm does in training that is frozen: whose weight and bias want no gradients.
enum class FrozenBatchNorm : u8 {
  batch_statistics,    // as others: PyTorch's, fastai's, Keras's before 2.1.3; running ones move
  running_statistics,  // as in evaluation: Keras's since 2.1.3; running ones stay as they are
};

struct BatchNormSettings {
  double eps = 1e-5;
  double momentum = .1;  // weight of the new value
  /// Whether running_var takes PyTorch's Σ (x − mean)² / (n − 1) or, as Keras without fusion, / n.
  bool unbiased_running_var = true;
  FrozenBatchNorm frozen = FrozenBatchNorm::batch_statistics;
};
/// Keras's defaults: its momentum .99 is the weight of the old value.
inline constexpr BatchNormSettings keras_batch_norm{
    .eps = 1e-3, .momentum = .01, .unbiased_running_var = false};

/// y = weight (x − mean) / √(var + eps) + bias, per channel; in training mean and var are the
/// batch's, which also move the running ones: running += momentum (batch − running). In evaluation,
/// and where FrozenBatchNorm says so, they are the running ones. Ioffe & Szegedy 2015, arXiv
/// 1502.03167, alg. 1 and 2.
class BatchNorm : public Module {
 public:
  Variable forward(const Variable& x) override { return forward(x, {.eps = settings_.eps}); }
  /// Then max(y, 0), in the same pass over memory: for fusion.h.
  Variable forward_relu(const Variable& x) {
    return forward(x, {.eps = settings_.eps, .relu = true});
  }
  /// Then max-pooling over windows side by side, in the same pass. x (N, C, H, W)
  Variable forward_relu_max_pool(const Variable& x, Pair kernel) {
    return forward(x, {.eps = settings_.eps, .relu = true, .pool = kernel});
  }
  /// max(y + shortcut, 0), in the same pass: for fusion.h. shortcut: of x's shape and dtype
  Variable forward_add_relu(const Variable& x, const Variable& shortcut) {
    return forward(x, {.eps = settings_.eps, .relu = true}, shortcut);
  }
  std::string details() const override;
  void set_frozen(FrozenBatchNorm frozen) { settings_.frozen = frozen; }

  Variable weight, bias;             // (C)
  Tensor running_mean, running_var;  // (C)
  Tensor num_batches_tracked;        // () i64

 protected:
  BatchNorm(i64 channels, BatchNormSettings settings);
  virtual void check_input(const Variable& x) const = 0;
  void reset_parameters(Generator& generator) override;

 private:
  Variable forward(const Variable& x, const BatchNormOptions& options,
                   const Variable& residual = {});
  // x (N, C) or (N, C, H, W)
  Variable normalize(const Variable& x, const BatchNormOptions& options, const Variable& residual);
  bool uses_batch_statistics() const;
  void track(const Statistics& batch, i64 values);

  BatchNormSettings settings_;
};

/// x (N, C) or (N, C, L)
class BatchNorm1d final : public BatchNorm {
 public:
  explicit BatchNorm1d(i64 channels, BatchNormSettings settings = {})
      : BatchNorm(channels, settings) {}
  std::string type() const override { return "BatchNorm1d"; }

 protected:
  void check_input(const Variable& x) const override;
};

/// x (N, C, H, W)
class BatchNorm2d final : public BatchNorm {
 public:
  explicit BatchNorm2d(i64 channels, BatchNormSettings settings = {})
      : BatchNorm(channels, settings) {}
  std::string type() const override { return "BatchNorm2d"; }

 protected:
  void check_input(const Variable& x) const override;
};

/// Says it to every batch norm of the net.
void set_frozen(Module& net, FrozenBatchNorm frozen);

}  // namespace melgrad
