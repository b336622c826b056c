#pragma once
#include "kernels/cuda/runtime/runtime.h"

namespace melgrad::cuda {

/// The labels of 8192 clips: 17 launches, some 50 µs of the host's, where to wait for the device would cost a step.
inline constexpr std::size_t most_stored_bytes = std::size_t{64} << 10U;

/// Copies up to `most_stored_bytes` from the host, in stream order. They travel as kernels' arguments: nobody waits, and the
/// source may change at once.
void store_bytes(void* target, const void* source, std::size_t bytes, Stream stream);

}  // namespace melgrad::cuda
