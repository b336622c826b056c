#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study C's nets on 13 bands, (1, 1249, 13) as published: frames by MFCCs, or by powers of mel
/// bands. Keras's conventions; pooling by stride 2 with "same" padding, batch norm after it, values
/// flattened in the order H, W, C.
/// Inferred: all of it; the write-up says a basic and a deeper CNN.

/// Conv32 k3, Conv32 k3, Conv32 k2, unpadded, each -> ReLU -> pool 3, 3, 2 -> BN; then 64 -> ReLU ->
/// Dropout .3 -> classes. input (C, H, W), H and W ≥ 11.
std::unique_ptr<Module> mfcc_basic(const Shape& input, i64 classes);
/// Conv32 k3, Conv32 k3, Conv32 k2, Conv64 k3, Conv64 k3, "same", each -> ReLU -> pool 3, 3, 2, 3, 3
/// -> BN: 1249 × 13 becomes 40 × 1; then 128 -> ReLU -> Dropout .3 -> classes. input (C, H, W).
std::unique_ptr<Module> mfcc_deeper(const Shape& input, i64 classes);

}  // namespace melgrad
