#include "tensor/files/image.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tensor/files/bytes.h"
#include "tensor/files/crc32.h"
#include "tensor/files/file.h"
#include "tensor/files/signature.h"

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

struct JpegSegment {
  unsigned marker;
  std::string_view data;
};
constexpr unsigned jpeg_end = 0xd9, jpeg_adobe = 0xee;

/// From marker to marker, up to the end marker: segments, a thumbnail's too, are passed over by their
/// length, a scan's data by what is no marker in them: FF 00, and FF D0 to FF D7, restarts.
std::vector<JpegSegment> segments_of(std::string_view jpeg) {
  constexpr unsigned stuffed = 0, first_restart = 0xd0, last_restart = 0xd7, fill = 0xff;
  std::vector<JpegSegment> segments;
  for (std::size_t at = jpeg.find('\xff', 2); at < jpeg.size() - 1; at = jpeg.find('\xff', at)) {
    unsigned marker = static_cast<unsigned char>(jpeg[at + 1]);
    at += marker == fill ? 1 : 2;
    bool alone =
        marker == stuffed || marker == fill || (first_restart <= marker && marker <= last_restart);
    if (alone) continue;
    std::string_view data = jpeg.substr(at, big_endian(jpeg.substr(at, 2)));
    segments.push_back({marker, data});
    if (marker == jpeg_end) break;
    at += data.size();
  }
  return segments;
}

/// stb_image fills the rest of a JPEG that is cut off with grey, and takes four inks for something
/// else where no program of Adobe's says that they are; it mentions neither. What follows the end
/// is nobody's business.
std::string_view wrong_with_jpeg(std::string_view bytes) {
  if (!bytes.starts_with("\xff\xd8")) return {};
  bool four_inks = false, named = false;
  std::vector<JpegSegment> segments = segments_of(bytes);
  for (const auto& [marker, data] : segments) {
    bool is_frame = marker >= 0xc0 && marker <= 0xc2;  // of those that stb_image reads
    four_inks |= is_frame && data.size() > 7 && data[7] == 4;
    named |= marker == jpeg_adobe;
  }
  if (segments.empty() || segments.back().marker != jpeg_end) return "the JPEG is cut off";
  return four_inks && !named ? "a JPEG of four colours that does not say which" : "";
}

/// stb_image takes what a BMP lacks for black.
bool is_cut_off_bmp(std::string_view bytes, i64 width, i64 height) {
  constexpr std::size_t pixels_at = 10, header_at = 14;
  constexpr u64 old_header = 12;
  if (!bytes.starts_with("BM") || bytes.size() < 30) return false;
  bool is_old = little_endian(bytes.substr(header_at, 4)) == old_header;
  auto bits = static_cast<i64>(little_endian(bytes.substr(is_old ? 24 : 28, 2)));
  i64 row = (width * bits + 31) / 32 * 4, last_row = (width * bits + 7) / 8;
  i64 end =
      static_cast<i64>(little_endian(bytes.substr(pixels_at, 4))) + row * (height - 1) + last_row;
  return end > static_cast<i64>(bytes.size());
}

/// stb_image does not look at the sums of a PNG's chunks: length, name, data, CRC of name and data.
bool is_damaged_png(std::string_view bytes) {
  constexpr std::size_t signature = 8, around_data = 12;
  if (!bytes.starts_with("\x89PNG")) return false;
  for (std::size_t at = signature; at + around_data <= bytes.size();) {
    std::size_t length = big_endian(bytes.substr(at, 4));
    if (length > bytes.size() - at - around_data) return true;
    if (crc32(bytes.substr(at + 4, 4 + length)) != big_endian(bytes.substr(at + 8 + length, 4)))
      return true;
    if (bytes.substr(at + 4, 4) == "IEND") return false;
    at += around_data + length;
  }
  return true;
}

/// What is neither PNG nor JPEG nor BMP, or not to be understood.
[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view bytes) {
  constexpr std::array readable = {"a PNG", "a JPEG", "a BMP"};
  std::string_view kind = kind_by_signature(bytes);
  bool other = !kind.empty() && std::find(readable.begin(), readable.end(), kind) == readable.end();
  check(!other, "load_image", "{}: is {}, not PNG, JPEG or BMP", path, kind);
  fail("load_image", "{}: {}", path, stbi_failure_reason());
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

namespace {

/// `name`: of the file, for errors.
Tensor decoded(std::string_view bytes, i64 channels, const std::filesystem::path& name) {
  check(channels == 1 || channels == 3 || channels == 4, "load_image",
        "gives 1, 3 or 4 channels, not {}: {}", channels, name);
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  int size = static_cast<int>(bytes.size()), w = 0, h = 0, stored = 0;
  check(size > 0, "load_image", "{}: the file is empty", name);
  if (stbi_info_from_memory(data, size, &w, &h, &stored) == 0) refuse(name, bytes);
  h = std::abs(h);  // a BMP whose rows begin at the top
  check(i64{w} * h * std::max<i64>(stored, channels) <= most_values, "load_image",
        "{}: {} x {} pixels are more than 2^28 values", name, w, h);
  std::string_view wrong = wrong_with_jpeg(bytes);
  check(wrong.empty(), "load_image", "{}: {}", name, wrong);
  check(!is_cut_off_bmp(bytes, w, h), "load_image", "{}: the BMP is cut off", name);
  check(!is_damaged_png(bytes), "load_image", "{}: the PNG is damaged", name);
  std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(data, size, &w, &h, &stored, static_cast<int>(channels)),
      stbi_image_free);
  check(pixels != nullptr, "load_image", "{}: {}", name, pixels ? "" : stbi_failure_reason());
  Tensor picture = empty({h, w, channels}, Dtype::u8);
  std::copy(pixels.get(), pixels.get() + picture.numel(), picture.data<u8>());
  return picture;
}

}  // namespace

Tensor load_image(const std::filesystem::path& path, i64 channels) {
  constexpr u64 largest_file = u64{1} << 30U;
  return decoded(read_file(path, largest_file), channels, path);
}

Tensor decode_image(std::string_view bytes, i64 channels) {
  return decoded(bytes, channels, "a picture in memory");
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
