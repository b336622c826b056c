#include "tensor/files/image.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "tensor/files/file.h"

// The library's own functions stay in this file, whatever else a program links.
#ifndef __clang_analyzer__  // it finds that stb loses a picture where memory runs out
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#endif
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_FAILURE_USERMSG
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb_image.h>
#include <stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace melgrad {

namespace {

constexpr i64 most_values = i64{1} << 28U;

/// stb_image fills the rest of a JPEG that is cut off with grey and says nothing. An end marker
/// must follow the last start of scan; within a scan neither can occur.
bool is_cut_off_jpeg(std::string_view bytes) {
  if (!bytes.starts_with("\xff\xd8")) return false;
  auto scan = bytes.rfind("\xff\xda"), end = bytes.rfind("\xff\xd9");
  return end == std::string_view::npos || (scan != std::string_view::npos && end < scan);
}

/// CRC-32 of the bytes, as PNG has it (ISO 3309).
std::uint32_t crc(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> remainders{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t r = i;
      for (int bit = 0; bit < 8; ++bit) r = (r & 1U) != 0 ? 0xedb88320U ^ r >> 1U : r >> 1U;
      remainders[i] = r;
    }
    return remainders;
  }();
  std::uint32_t r = ~0U;
  for (char byte : bytes) r = table[(r ^ static_cast<unsigned char>(byte)) & 255U] ^ r >> 8U;
  return ~r;
}

std::uint32_t big_endian(std::string_view four) {
  std::uint32_t value = 0;
  for (char byte : four) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

/// stb_image does not look at the sums of a PNG's chunks: length, name, data, CRC of name and data.
bool is_damaged_png(std::string_view bytes) {
  constexpr std::size_t signature = 8, around_data = 12;
  if (!bytes.starts_with("\x89PNG")) return false;
  for (std::size_t at = signature; at + around_data <= bytes.size();) {
    std::size_t length = big_endian(bytes.substr(at, 4));
    if (length > bytes.size() - at - around_data) return true;
    if (crc(bytes.substr(at + 4, 4 + length)) != big_endian(bytes.substr(at + 8 + length, 4)))
      return true;
    if (bytes.substr(at + 4, 4) == "IEND") return false;
    at += around_data + length;
  }
  return true;
}

void append(void* target, void* data, int size) {
  static_cast<std::string*>(target)->append(static_cast<const char*>(data),
                                            static_cast<std::size_t>(size));
}

Tensor checked(std::string_view op, const Tensor& picture) {
  check(picture.defined() && picture.dtype() == Dtype::u8 && picture.rank() == 3, op,
        "takes (H, W, C) u8: {}", picture);
  i64 channels = picture.dim(2);
  check(picture.numel() > 0 && picture.numel() <= most_values &&
            (channels == 1 || channels == 3 || channels == 4),
        op, "takes 1, 3 or 4 channels and 1 to 2^28 values: {}", picture);
  return picture.to(Device::cpu()).contiguous();
}

}  // namespace

bool is_image_file(const std::filesystem::path& path) {
  constexpr std::array known = {".png", ".jpg", ".jpeg", ".bmp"};
  return std::find(known.begin(), known.end(), lower_extension(path)) != known.end();
}

Tensor load_image(const std::filesystem::path& path, i64 channels) {
  check(channels == 1 || channels == 3 || channels == 4, "load_image",
        "gives 1, 3 or 4 channels, not {}: {}", channels, path);
  constexpr u64 largest_file = u64{1} << 30U;
  std::string bytes = read_file(path, largest_file);
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  int size = static_cast<int>(bytes.size()), w = 0, h = 0, stored = 0;
  check(size > 0, "load_image", "{}: the file is empty", path);
  bool known = stbi_info_from_memory(data, size, &w, &h, &stored) != 0;
  check(known, "load_image", "{}: {}", path, known ? "" : stbi_failure_reason());
  check(i64{w} * h * std::max<i64>(stored, channels) <= most_values, "load_image",
        "{}: {} x {} pixels are more than 2^28 values", path, w, h);
  check(!is_cut_off_jpeg(bytes), "load_image", "{}: the JPEG is cut off", path);
  check(!is_damaged_png(bytes), "load_image", "{}: the PNG is damaged", path);
  std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(data, size, &w, &h, &stored, static_cast<int>(channels)),
      stbi_image_free);
  check(pixels != nullptr, "load_image", "{}: {}", path, pixels ? "" : stbi_failure_reason());
  Tensor picture = empty({h, w, channels}, Dtype::u8);
  std::copy(pixels.get(), pixels.get() + picture.numel(), picture.data<u8>());
  return picture;
}

std::string encode_png(const Tensor& picture) {
  Tensor x = checked("encode_png", picture);
  auto h = static_cast<int>(x.dim(0)), w = static_cast<int>(x.dim(1));
  auto channels = static_cast<int>(x.dim(2));
  std::string bytes;
  int ok = stbi_write_png_to_func(append, &bytes, w, h, channels, x.raw(), w * channels);
  check(ok != 0, "encode_png", "out of memory: {}", picture);
  return bytes;
}

std::string encode_jpeg(const Tensor& picture, int quality) {
  Tensor x = checked("encode_jpeg", picture);
  check(quality >= 1 && quality <= 100, "encode_jpeg", "quality is 1 to 100, not {}", quality);
  check(x.dim(2) != 4 && x.dim(0) <= 65535 && x.dim(1) <= 65535, "encode_jpeg",
        "takes 1 or 3 channels and at most 65535 rows and columns: {}", picture);
  std::string bytes;
  int ok =
      stbi_write_jpg_to_func(append, &bytes, static_cast<int>(x.dim(1)), static_cast<int>(x.dim(0)),
                             static_cast<int>(x.dim(2)), x.raw(), quality);
  check(ok != 0, "encode_jpeg", "the picture could not be written: {}", picture);
  return bytes;
}

void save_png(const std::filesystem::path& path, const Tensor& picture) {
  write_file(path, encode_png(picture));
}

void save_jpeg(const std::filesystem::path& path, const Tensor& picture, int quality) {
  write_file(path, encode_jpeg(picture, quality));
}

}  // namespace melgrad
