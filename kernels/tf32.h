#pragma once

namespace melgrad {

/// Whether a GPU may multiply f32 values as TF32, which keeps 10 bits of their fractions: faster
/// matrix products, convolutions and recurrent layers. No unless asked for; the CPU never does.
void set_tf32(bool allowed);
bool tf32();

}  // namespace melgrad
