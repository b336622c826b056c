#pragma once
#include <cmath>
#include <filesystem>

#include "audio/files/decode.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {

/// A tone that rises, and noise: no two frames are alike, and no bin is silent.
inline Tensor song(i64 samples, u64 seed = 1) {
  Generator generator(seed);
  std::vector<float> tone;
  for (i64 i = 0; i < samples; ++i) {
    double t = static_cast<double>(i) / static_cast<double>(samples);
    tone.push_back(static_cast<float>(.3 * std::sin(700 * t * (1 + t))));
  }
  return from_vector(tone) + randn({samples}, generator, 0, .05);
}

/// `seconds` of it at 8000 Hz.
inline std::filesystem::path write_song(const std::filesystem::path& path, double seconds,
                                        u64 seed = 1) {
  encode(path, {song(static_cast<i64>(8000 * seconds), seed), 8000});
  return path;
}

}  // namespace melgrad
