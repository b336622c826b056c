#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace melgrad {

/// What a safetensors file holds: named tensors and free text.
struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads F32, F64, BF16, I64, U8, and F16 as f32, BOOL as u8. Throws Error that names the file and
/// what is wrong with it: a file of another format, which is named; a header that is cut off, over
/// 100 MB or not JSON; a dtype, shape or offset that is not one; data that overlap, leave gaps, or end
/// before or after the file does; a name given twice.
TensorFile load_safetensors(const std::filesystem::path& path);

/// Writes what load_safetensors reads; the file appears when it is complete (file.h).
void save_safetensors(const std::filesystem::path& path,
                      const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace melgrad
