#pragma once
#include "kernels/cuda/runtime/runtime.h"

namespace melgrad::cuda {

inline constexpr std::size_t most_stored_bytes = 2048;  // of 4 KiB that arguments may have

/// Copies up to `most_stored_bytes` from the host, in stream order. They travel as a kernel's argument: nobody waits, and the
/// source may change at once.
void store_bytes(void* target, const void* source, std::size_t bytes, Stream stream);

}  // namespace melgrad::cuda
