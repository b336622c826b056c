#pragma once
#include "kernels/backend.h"

namespace melgrad {

/// The backend of GPU `index`. Throws Error where this build or machine has none: absent.cpp is built in place of
/// devices.cpp with MELGRAD_CUDA=OFF.
Backend& cuda_backend(int index);

}  // namespace melgrad
