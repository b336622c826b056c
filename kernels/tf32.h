#pragma once

namespace melgrad {

/// Where a GPU may multiply f32 values as TF32, which keeps 10 bits of their fractions: faster. Nowhere
/// unless asked for; the CPU never does.
enum class Tf32 {
  off,
  conv,  // in what cuDNN computes: convolutions and recurrent layers. PyTorch's default
  all,   // and in matrix products
};
void set_tf32(Tf32 where);
bool tf32_in_convolutions();  // and recurrent layers
bool tf32_in_products();

}  // namespace melgrad
