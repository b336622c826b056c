#pragma once
#include <string>

#include "tensor/tensor.h"

namespace melgrad {

/// Why there is no GPU to test on; empty if there is one, or the simulated one.
const std::string& no_gpu();

/// The largest |a − b| relative to b's largest value. Infinite where shapes differ.
double difference(const Tensor& a, const Tensor& b);

}  // namespace melgrad
