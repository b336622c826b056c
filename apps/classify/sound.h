#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace melgrad {

/// A file's sound as browsers play it.
struct Sound {
  std::string type;  // "audio/mpeg"
  std::string bytes;
};
/// The file as it is where browsers play its format (mp3, ogg, flac, wav, told by its first bytes),
/// else its samples as flac.
Sound playable(const std::filesystem::path& path);

/// Empty where browsers do not play it.
std::string sound_type(std::string_view first_bytes);

}  // namespace melgrad
