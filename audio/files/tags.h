#pragma once
#include <filesystem>
#include <string>

namespace melgrad {

/// What a sound file says of itself (ID3, Vorbis comments, LIST INFO and so on), as it stands there;
/// empty where it says nothing, and of a file that is none.
struct Tags {
  std::string title = {}, artist = {}, album = {}, date = {};
};
Tags read_tags(const std::filesystem::path& path);

}  // namespace melgrad
