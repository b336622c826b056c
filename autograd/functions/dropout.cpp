#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// y  = x m / (1 − p),  m_i = [u_i ≥ p],  u uniform in [0, 1)
// dx = dy m / (1 − p)
// The mask is not kept but drawn again from the same random state. It follows the order in memory,
// so dy must lie as y did.
struct Dropout final : Function {
  double p;
  Shape strides;
  Saved state;
  Dropout(double probability, const Tensor& random_state) : p(probability) { state = random_state; }
  std::string_view name() const override { return "dropout"; }
  std::vector<Saved*> saved() override { return {&state}; }
  Tensor forward(const Tensor& x) {
    Tensor y = dropout(x, p, state);
    strides = y.strides();
    return y;
  }
  Gradients backward(const Gradients& dy) override {
    return {dropout(with_strides(dy[0], strides), p, state)};
  }
};

}  // namespace

Variable dropout(const Variable& x, double p, Generator& generator) {
  check(p >= 0 && p <= 1, "dropout", "the probability is {}, not within 0 … 1", p);
  if (p == 0) return x;
  return apply(Dropout(p, generator.take(x.numel())), x);
}

}  // namespace melgrad
