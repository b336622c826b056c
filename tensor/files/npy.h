#pragma once
#include <filesystem>

#include "tensor/tensor.h"

namespace melgrad {

/// NumPy's .npy, versions 1 to 3: f4, f8, i8 little-endian, u1, b1 (as u8), in C or Fortran order.
/// Throws Error that names the file and what is wrong: a header cut off or not understood, another
/// dtype, more or fewer bytes than the shape takes.
Tensor load_npy(const std::filesystem::path& path);

/// f32, f64, i64 and u8; NumPy has no bf16. The file appears when it is complete (file.h).
void save_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace melgrad
