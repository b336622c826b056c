#include "audio/files/formats.h"

#include <algorithm>
#include <array>

#include "audio/files/decode.h"
#include "kernels/error.h"
#include "tensor/files/file.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

template <std::size_t Count>
bool is_one_of(const std::array<const char*, Count>& extensions, const std::string& extension) {
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

std::string refusal(const std::filesystem::path& path, std::string_view name) {
  return format("{} is not decoded here: {}", name, conversion(path));
}

}  // namespace

std::string shell_word(const std::string& word) {
  constexpr const char* plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

FileKind kind_of(const std::filesystem::path& path) {
  constexpr std::array sounds = {".m4a", ".m4b", ".mp4", ".aac", ".wma", ".ape",
                                 ".mpc", ".wv",  ".tta", ".dsf", ".mka", ".webm"};
  constexpr std::array pictures = {".gif", ".webp", ".tif", ".tiff", ".heic", ".avif"};
  if (is_audio_file(path)) return FileKind::sound;
  if (is_image_file(path)) return FileKind::picture;
  std::string extension = lower_extension(path);
  if (is_one_of(sounds, extension)) return FileKind::refused_sound;
  if (is_one_of(pictures, extension)) return FileKind::refused_picture;
  return FileKind::other;
}

std::string why_refused(const std::filesystem::path& path) {
  FileKind kind = kind_of(path);
  if (kind == FileKind::refused_sound) return refusal(path, lower_extension(path).substr(1));
  if (kind != FileKind::refused_picture) return {};
  std::filesystem::path target = path;
  return format("{} is not read here: convert {} {}", lower_extension(path).substr(1),
                shell_word(path), shell_word(target.replace_extension(".png")));
}

std::string why_refused(const std::filesystem::path& path, std::string_view beginning) {
  struct Format {
    const char* name;
    std::size_t at;
    std::string_view bytes;
  };
  constexpr std::array formats = {Format{"m4a (MPEG-4)", 4, "ftyp"},
                                  Format{"wma (ASF)", 0, "0&\xb2u"},
                                  Format{"ape", 0, "MAC "},
                                  Format{"wv (WavPack)", 0, "wvPk"},
                                  Format{"mpc (Musepack)", 0, "MPCK"},
                                  Format{"mpc (Musepack)", 0, "MP+"},
                                  Format{"tta", 0, "TTA1"},
                                  Format{"dsf", 0, "DSD "},
                                  Format{"dff", 0, "FRM8"},
                                  Format{"mka (Matroska, WebM)", 0, "\x1a\x45\xdf\xa3"},
                                  Format{"amr", 0, "#!AMR"},
                                  Format{"rm (RealMedia)", 0, ".RMF"},
                                  Format{"aac", 0, "ADIF"}};
  for (const Format& format : formats)
    if (beginning.substr(std::min(format.at, beginning.size()), format.bytes.size()) ==
        format.bytes)
      return refusal(path, format.name);
  bool is_adts = beginning.size() > 1 && beginning[0] == '\xff' && (beginning[1] & 0xf6) == 0xf0;
  return is_adts ? refusal(path, "aac") : "";
}

std::string conversion(const std::filesystem::path& path) {
  bool is_flac = lower_extension(path) == ".flac";  // by its name only
  std::filesystem::path target = path;
  target.replace_extension(is_flac ? ".wav" : ".flac");
  return format("ffmpeg -i {} {}", shell_word(path), shell_word(target));
}

}  // namespace melgrad
