#pragma once

namespace melgrad {

/// Whether a CPU may compute f32 and bf16 convolutions by Winograd's method, which takes a quarter or
/// a third of the multiplications and loses one to two digits at the end of f32's seven:
/// docs/winograd.md. No unless asked for, by the calling program.
void set_winograd(bool allowed);
bool uses_winograd();

}  // namespace melgrad
