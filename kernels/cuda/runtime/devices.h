#pragma once
#include "kernels/backend.h"
#include "kernels/staged_copy.h"
#include "kernels/step_graph.h"

namespace melgrad {

/// The backend of GPU `index`. Throws Error where this build or machine has none: absent.cpp is built in place of
/// devices.cpp with MELGRAD_CUDA=OFF.
Backend& cuda_backend(int index);

/// Calls `step` once, and what it submits to GPU `index` is recorded and not run. Memory that it allocates belongs to the
/// recording as long as that lives. To wait, and to copy from or to the host, throws Error.
std::unique_ptr<RecordedWork> record_on_gpu(int index, const std::function<void()>& step);

std::unique_ptr<StagedCopy> staged_copy_to_gpu(int index);
std::unique_ptr<StagedRead> staged_read_from_gpu(int index);

}  // namespace melgrad
