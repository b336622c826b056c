#include "tensor/files/crc32.h"

#include <array>

namespace melgrad {
namespace {

// Row k, byte b: what is left of b and k zero bytes after it.
using Remainders = std::array<std::array<std::uint32_t, 256>, 8>;

Remainders remainders() {
  Remainders table{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t r = b;
    for (int bit = 0; bit < 8; ++bit) r = (r & 1U) != 0 ? 0xedb88320U ^ r >> 1U : r >> 1U;
    table[0][b] = r;
  }
  for (std::size_t k = 1; k < table.size(); ++k)
    for (std::size_t b = 0; b < 256; ++b)
      table[k][b] = table[k - 1][b] >> 8U ^ table[0][table[k - 1][b] & 255U];
  return table;
}

}  // namespace

// Eight bytes at once, whose remainders do not wait for each other (Kounavis and Berry 2005,
// "slicing by 8"): weights are hundreds of megabytes.
std::uint32_t crc32(std::string_view bytes) {
  static const Remainders table = remainders();
  std::uint32_t r = ~0U;
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint32_t next = 0;
    for (std::size_t k = 0; k < 4; ++k) next ^= table[7 - k][(r >> 8 * k & 255U) ^ byte(i + k)];
    for (std::size_t k = 4; k < 8; ++k) next ^= table[7 - k][byte(i + k)];
    r = next;
  }
  for (; i < bytes.size(); ++i) r = table[0][(r ^ byte(i)) & 255U] ^ r >> 8U;
  return ~r;
}

}  // namespace melgrad
