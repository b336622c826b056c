#pragma once
#include "kernels/dtype.h"

namespace melgrad {

/// While one lives, this thread's matmul, linear, conv2d and rnn convert f32 operands to `dtype`
/// (bf16) and their results stay so; batch norm, softmax, losses and reductions convert back to
/// f32. Parameters stay f32, gradients reach them as f32.
class Autocast {
 public:
  explicit Autocast(Dtype dtype);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  Dtype before_;
};
/// f32 where no Autocast lives.
Dtype autocast_dtype();

}  // namespace melgrad
