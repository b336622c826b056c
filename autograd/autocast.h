#pragma once
#include <utility>
#include <vector>

#include "autograd/variable.h"

namespace melgrad {

/// While one lives, this thread's matmul, linear, conv2d and rnn convert f32 operands to `dtype`
/// (bf16) and their results stay so, through batch norm (whose statistics, gamma and beta are f32),
/// activations and pooling; softmax, losses and reductions convert back to f32; where bf16 and f32
/// meet (a sum, cat), bf16 becomes f32. Parameters stay f32, gradients reach them as f32. f64 is
/// never converted.
class Autocast {
 public:
  /// Throws Error unless dtype is bf16 or f32 (which turns conversion off).
  explicit Autocast(Dtype dtype);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  Dtype before_;
};
/// f32 where no Autocast lives.
Dtype autocast_dtype();

/// What the operations do with their operands under Autocast; x itself where there is none.
Variable lowered(const Variable& x);  // f32 becomes autocast_dtype()
Variable raised(const Variable& x);   // autocast_dtype() becomes f32
/// Raises both if their dtypes differ.
std::pair<Variable, Variable> raised_together(const Variable& a, const Variable& b);
std::vector<Variable> raised_together(const std::vector<Variable>& parts);

}  // namespace melgrad
