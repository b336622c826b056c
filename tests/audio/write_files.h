#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include "audio/files/decode.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"

namespace melgrad {

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// 1 000 samples at 22 050 Hz.
inline void write_clip(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  encode(path, {test_signal(1000).to(Dtype::f32), 22050});
}

}  // namespace melgrad
