#include "apps/classify/sound.h"

#include <unistd.h>

#include "audio/files/decode.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

std::string as_flac(const fs::path& path) {
  fs::path copy = fs::temp_directory_path() / format("classify-{}.flac", getpid());
  encode(copy, decode(path, {.mono = false}));
  std::string bytes = read_file(copy);
  std::error_code ignored;
  fs::remove(copy, ignored);
  return bytes;
}

}  // namespace

std::string sound_type(std::string_view first) {
  auto byte = [&](std::size_t i) {
    return i < first.size() ? static_cast<unsigned char>(first[i]) : 0U;
  };
  if (first.starts_with("RIFF")) return "audio/wav";
  if (first.starts_with("fLaC")) return "audio/flac";
  if (first.starts_with("OggS")) return "audio/ogg";
  bool mpeg_frame = byte(0) == 0xFF && (byte(1) & 0xE0U) == 0xE0 && (byte(1) & 0x06U) != 0;
  return first.starts_with("ID3") || mpeg_frame ? "audio/mpeg" : "";
}

Sound playable(const fs::path& path) {
  std::string bytes = read_file(path);
  std::string type = sound_type(bytes);
  if (type.empty()) return {"audio/flac", as_flac(path)};
  return {type, std::move(bytes)};
}

}  // namespace melgrad
