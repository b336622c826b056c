#pragma once
#include <string>
#include <string_view>

#include "kernels/dtype.h"

namespace melgrad {

/// An unsigned number of at most eight bytes.
inline u64 big_endian(std::string_view bytes) {
  u64 value = 0;
  for (char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}
inline u64 little_endian(std::string_view bytes) {
  u64 value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}
/// The lowest `count` bytes of a number, lowest first.
inline std::string little_endian(u64 value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i & 255U);
  return bytes;
}

}  // namespace melgrad
