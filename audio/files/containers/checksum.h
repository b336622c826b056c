#pragma once
#include <array>
#include <limits>
#include <string_view>

#include "kernels/dtype.h"

namespace melgrad {

/// The remainder of `bytes`, highest bit first, by a polynomial: what FLAC and Ogg protect their bytes
/// with. It is 0 where the bytes end with their own.
template <class T, T polynomial>
T checksum(std::string_view bytes, T remainder = 0) {
  constexpr unsigned bits = std::numeric_limits<T>::digits;
  static constexpr auto table = [] {
    std::array<T, 256> entries{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      auto value = static_cast<T>(T(byte) << (bits - 8));
      for (int i = 0; i < 8; ++i)
        value = static_cast<T>(value << 1U ^ (value >> (bits - 1) != 0 ? polynomial : 0));
      entries[byte] = value;
    }
    return entries;
  }();
  for (char byte : bytes) {
    unsigned index = (remainder >> (bits - 8)) ^ static_cast<unsigned char>(byte);
    remainder = static_cast<T>((bits > 8 ? u64{remainder} << 8U : 0) ^ table[index]);
  }
  return remainder;
}

}  // namespace melgrad
