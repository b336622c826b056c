#pragma once
#include <functional>
#include <vector>

#include "kernels/cuda/runtime/runtime.h"

namespace melgrad::broken {

/// A kernel that reads 64 floats at x and writes 64 (the sums: 1) at y.
struct Case {
  const char* name;
  std::function<void(const float* x, float* y, cuda::Stream stream)> run;
};
const std::vector<Case>& cases();

}  // namespace melgrad::broken
