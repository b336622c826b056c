#pragma once
#include <filesystem>
#include <string>

#include "tensor/tensor.h"

namespace melgrad {

/// NumPy's .npy, versions 1 to 3, in C or Fortran order and either order of bytes: f2 and f4 as f32,
/// f8 as f64, u1 and b1 as u8, all other whole numbers as i64. Throws Error that names the file and
/// what is wrong: another format or dtype, Python objects, a header that is cut off or not
/// understood, more or fewer bytes than the shape takes, a u8 of more than 63 bits.
Tensor load_npy(const std::filesystem::path& path);

/// An npy file's bytes, of f32, f64, i64 and u8; NumPy has no bf16.
std::string encode_npy(const Tensor& tensor);
/// The file appears when it is complete (file.h).
void save_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace melgrad
