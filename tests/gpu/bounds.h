#pragma once
#include "tests/ops/goldens.h"

/// How far a correct library may be from f64 where it computes a row on a GPU.
namespace melgrad::op_cases {

/// Whether cuBLAS, cuDNN or cuFFT does.
bool is_of_library(const Case& row);

/// The row's inputs times .7: as they are, TF32 holds all of their bits.
Inputs inputs_of_all_bits(const Case& row, Dtype dtype);

enum class Arithmetic { f32, tf32, bf16 };

/// The largest |result − f64's| of all values, each as a part of what the arithmetic explains: beyond 1 something is wrong.
/// Infinite where shapes differ.
Deviation beyond(const Result& result, const Case& row, const Inputs& inputs,
                 Arithmetic arithmetic);

}  // namespace melgrad::op_cases
