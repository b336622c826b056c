#pragma once
#include <functional>

#include "kernels/cuda/runtime/runtime.h"

namespace melgrad::sim {

/// Runs `work` at once, or records it where the stream is being captured (runtime.cpp).
void submit(cuda::Stream stream, std::function<void()> work);

}  // namespace melgrad::sim
