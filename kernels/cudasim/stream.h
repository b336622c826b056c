#pragma once
#include <functional>

#include "kernels/cuda/runtime/runtime.h"
#include "kernels/dtype.h"

namespace melgrad::sim {

/// Runs `work` at once, when somebody waits, or records it where the stream is being captured (runtime.cpp).
void submit(cuda::Stream stream, std::function<void()> work);

/// How often that was, of all streams since the program began: launches, copies, fills and the libraries' calls.
i64 submissions();

/// From now on what the stream is given runs only when somebody waits for it, or at once as before. MELGRAD_SIM_STREAM=late
/// makes all streams so from the start: host memory that dies or changes too early then shows as wrong values, or
/// to AddressSanitizer. Returns what it was.
bool set_late(cuda::Stream stream, bool late);

/// How often the host waited until a late stream had nothing left to do: a GPU would have idled until it got work again.
std::size_t times_run_dry();

bool is_capturing(cuda::Stream stream);
/// Whether any stream is.
bool is_any_capturing();

}  // namespace melgrad::sim
