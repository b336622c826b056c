#include "tensor/files/crc32.h"

#include <gtest/gtest.h>

namespace melgrad {

TEST(Crc32, IsTheStandards) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414fa339U);
}

// The division itself, bit after bit; most lengths are no multiple of the eight bytes taken at once.
TEST(Crc32, IsTheRemainder) {
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    std::uint32_t r = ~0U;
    for (char byte : bytes) {
      r ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) r = r >> 1U ^ ((r & 1U) != 0 ? 0xedb88320U : 0U);
    }
    EXPECT_EQ(crc32(bytes), ~r) << i;
    bytes += static_cast<char>(37 * i + 200);
  }
}

}  // namespace melgrad
