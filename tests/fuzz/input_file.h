#pragma once
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "kernels/error.h"

/// Our parsers read files: each input becomes one, and anything but an answer or an Error (a crash, a
/// sanitizer's finding, another exception, gigabytes) is a bug.
namespace melgrad {

template <class F>
void parse_as_file(const unsigned char* data, std::size_t size, F parse) {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("melgrad_fuzz." + std::to_string(getpid()));
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fwrite(data, 1, size, file);
  std::fclose(file);
  try {
    parse(path);
  } catch (const Error&) {
  }
}

}  // namespace melgrad
