#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "kernels/dtype.h"

namespace melgrad {

/// What a file is, told by its extension.
enum class FileKind : u8 {
  sound,            // decode() tries it
  picture,          // load_image() does
  refused_sound,    // sound that nothing here decodes
  refused_picture,  // a picture that nothing here reads
  other
};
FileKind kind_of(const std::filesystem::path& path);

/// Of a refused file what it is, and a command that makes it one that is read: "m4a is not decoded
/// here: ffmpeg -i song.m4a song.flac". Empty for all others.
std::string why_refused(const std::filesystem::path& path);

/// The same of a sound whatever its name is, by its first 16 bytes.
std::string why_refused(const std::filesystem::path& path, std::string_view beginning);

/// A command that makes sound in any format one that is read: "ffmpeg -i song.m4a song.flac".
std::string conversion(const std::filesystem::path& path);
/// A word of a command as a shell takes it back: quoted where it must be.
std::string shell_word(const std::string& word);

}  // namespace melgrad
