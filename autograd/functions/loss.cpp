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

// p = softmax(x) of each row;  q_n,c = (1 − s) [c = target_n] + s/C
// y  = −1/N Σ_n Σ_c q log p = −1/N Σ_n ((1 − s) log p_target + s/C Σ_c log p)
// dx = dy (p − q) / N
struct CrossEntropy final : Function {
  double s;
  Saved log_p, target;
  CrossEntropy(const Tensor& classes, double smoothing) : s(smoothing) { target = classes; }
  std::string_view name() const override { return "cross_entropy"; }
  std::vector<Saved*> saved() override { return {&log_p, &target}; }
  Tensor forward(const Tensor& x) {
    log_p = log_softmax(x);
    Tensor y = -mean(gather(log_p, 1, target.get().unsqueeze(1)));
    if (s == 0) return y;
    return y * (1 - s) - mean(log_p) * s;
  }
  Gradients backward(const Gradients& dy) override {
    const Tensor& log = log_p;
    Tensor q = one_hot(target, log.dim(1), log.dtype());
    if (s != 0) q = q * (1 - s) + s / static_cast<double>(log.dim(1));
    return {(exp(log) - q) * (dy[0] / static_cast<double>(log.dim(0)))};
  }
};

// p = softmax(x) of each row, q = target
// y  = −1/N Σ_n Σ_c q log p
// dx = dy (p Σ_c q − q) / N
struct CrossEntropySoft final : Function {
  Saved log_p, q;
  explicit CrossEntropySoft(const Tensor& target) { q = target; }
  std::string_view name() const override { return "cross_entropy_soft"; }
  std::vector<Saved*> saved() override { return {&log_p, &q}; }
  Tensor forward(const Tensor& x) {
    log_p = log_softmax(x);
    return sum(log_p * q) / -static_cast<double>(x.dim(0));
  }
  Gradients backward(const Gradients& dy) override {
    double count = static_cast<double>(log_p.get().dim(0));
    return {(exp(log_p) * sum(q, {1}, true) - q) * (dy[0] / count)};
  }
};

}  // namespace

Variable cross_entropy(const Variable& logits, const Tensor& target, double smoothing) {
  Variable x = raised(logits);
  check(smoothing >= 0 && smoothing <= 1, "cross_entropy", "smoothing is {}, not within 0 … 1",
        smoothing);
  check_classes(x.data(), target, "cross_entropy");
  return apply(CrossEntropy(target, smoothing), x);
}

Variable cross_entropy_soft(const Variable& logits, const Tensor& target) {
  Variable x = raised(logits);
  check(x.rank() == 2 && target.shape() == x.shape() && target.dtype() == x.dtype(),
        "cross_entropy_soft", "wants scores and probabilities (N, C): {}, {}", x.data(), target);
  return apply(CrossEntropySoft(target), x);
}

Variable nll_loss(const Variable& log_probabilities, const Tensor& target) {
  Variable x = raised(log_probabilities);
  check_classes(x.data(), target, "nll_loss");
  return -mean(gather(x, 1, target.unsqueeze(1)));
}

Variable mse_loss(const Variable& x, const Variable& target) {
  check(x.shape() == target.shape(), "mse_loss", "shapes differ: {}, {}", x.data(), target.data());
  return mean(square(raised(x) - raised(target)));
}

}  // namespace melgrad
