#pragma once
#include "layers/module.h"

namespace melgrad {

/// In training, 0 with probability p, else x / (1 − p); the masks come from the generator given to
/// reset() or set_generator(). In evaluation, x.
class Dropout final : public Module {
 public:
  explicit Dropout(double p = .5) : p_(p) {
    check(p >= 0 && p < 1, "dropout", "p is in [0, 1), not {}", p);
  }
  std::string type() const override { return "Dropout"; }
  std::string details() const override { return format("p {}", p_); }
  Variable forward(const Variable& x) override {
    return training() && p_ > 0 ? dropout(x, p_, generator()) : x;
  }

 private:
  double p_;
};

}  // namespace melgrad
