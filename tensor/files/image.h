#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

/// Images as tensors (H, W, C) u8, C = 1 grey, 3 RGB, 4 RGB and opacity.
namespace melgrad {

/// PNG, JPEG or BMP, told by its first bytes, with as many channels as asked for; what follows the
/// picture's end does not count, nor does the way up that a camera notes (EXIF). Throws Error that
/// names the file where it is empty, of another format, cut off, corrupt or larger than 2^28 values.
Tensor load_image(const std::filesystem::path& path, i64 channels = 3);
/// The same of such a file's bytes, fewer than 2^31.
Tensor decode_image(std::string_view bytes, i64 channels = 3);

/// Whether load_image() would try the file: by its extension.
bool is_image_file(const std::filesystem::path& path);

/// A PNG or JPEG file's bytes. quality: 1 to 100.
std::string encode_png(const Tensor& picture);
std::string encode_jpeg(const Tensor& picture, int quality = 90);
/// The file appears when it is complete (file.h).
void save_png(const std::filesystem::path& path, const Tensor& picture);
void save_jpeg(const std::filesystem::path& path, const Tensor& picture, int quality = 90);

}  // namespace melgrad
