#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

/// Throws Error unless target holds N class numbers for x (N, C). A GPU is not waited for: there, a
/// wrong number makes the loss NaN.
void check_classes(const Tensor& x, const Tensor& target, std::string_view op) {
  check(x.rank() == 2 && target.dtype() == Dtype::i64 && target.shape() == Shape{x.dim(0)}, op,
        "wants scores (N, C) and class numbers i64 (N): {}, {}", x, target);
  if (!target.device().is_cpu()) return;
  std::vector<i64> classes = target.to_vector<i64>();
  for (std::size_t n = 0; n < classes.size(); ++n)
    check(classes[n] >= 0 && classes[n] < x.dim(1), op,
          "target {} of example {} is not one of the {} classes 0 … {}", classes[n], n, x.dim(1),
          x.dim(1) - 1);
}

// p = softmax(x) of each row
// y = −1/N Σ_n log p_n,target
// dx_n,c = dy/N (p_n,c − [c = target_n])
struct CrossEntropy final : Function {
  Saved x, target;
  explicit CrossEntropy(const Tensor& classes) { target = classes; }
  std::string_view name() const override { return "cross_entropy"; }
  std::vector<Saved*> saved() override { return {&x, &target}; }
  Tensor forward(const Tensor& scores) { return cross_entropy(x = scores, target); }
  Gradients backward(const Gradients& dy) override {
    return {cross_entropy_backward(x, target, dy[0])};
  }
};

// The mean negative log likelihood: −1/N Σ_n log p_n,target
Variable mean_nll(const Variable& log_p, const Tensor& target) {
  return -mean(gather(log_p, 1, target.unsqueeze(1)));
}

}  // namespace

// p = softmax(x) of each row;  q_n,c = (1 − s) [c = target_n] + s/C
// y = −1/N Σ_n Σ_c q log p = −1/N Σ_n ((1 − s) log p_target + s/C Σ_c log p)
Variable cross_entropy(const Variable& logits, const Tensor& target, double smoothing) {
  Variable x = raised(logits);
  check(smoothing >= 0 && smoothing <= 1, "cross_entropy", "smoothing is {}, not within 0 … 1",
        smoothing);
  check_classes(x.data(), target, "cross_entropy");
  if (smoothing == 0) return apply(CrossEntropy(target), x);
  Variable log_p = log_softmax(x);
  return mean_nll(log_p, target) * (1 - smoothing) - mean(log_p) * smoothing;
}

// p = softmax(x) of each row;  y = −1/N Σ_n Σ_c target log p
Variable cross_entropy_soft(const Variable& logits, const Tensor& target) {
  Variable x = raised(logits);
  check(x.rank() == 2 && target.shape() == x.shape() && target.dtype() == x.dtype(),
        "cross_entropy_soft", "wants scores and probabilities (N, C): {}, {}", x.data(), target);
  return sum(log_softmax(x) * Variable(target)) / -static_cast<double>(x.dim(0));
}

Variable nll_loss(const Variable& log_probabilities, const Tensor& target) {
  Variable x = raised(log_probabilities);
  check_classes(x.data(), target, "nll_loss");
  return mean_nll(x, target);
}

Variable mse_loss(const Variable& x, const Variable& target) {
  check(x.shape() == target.shape(), "mse_loss", "shapes differ: {}, {}", x.data(), target.data());
  return mean(square(raised(x) - raised(target)));
}

}  // namespace melgrad
