#include "tensor/files/utf8.h"

namespace melgrad {

std::size_t utf8_length(std::string_view text, std::size_t i) {
  auto byte = [&](std::size_t j) { return static_cast<unsigned char>(text[j]); };
  std::size_t length = byte(i) < 0x80                      ? 1
                       : byte(i) >= 0xC2 && byte(i) < 0xE0 ? 2
                       : byte(i) >= 0xE0 && byte(i) < 0xF0 ? 3
                       : byte(i) >= 0xF0 && byte(i) < 0xF5 ? 4
                                                           : 0;
  if (i + length > text.size()) return 0;
  for (std::size_t j = 1; j < length; ++j)
    if ((byte(i + j) & 0xC0) != 0x80) return 0;
  if (length > 2) {
    unsigned first_two = byte(i) * 256U + byte(i + 1);
    bool too_long =
        (byte(i) == 0xE0 && first_two < 0xE0A0) || (byte(i) == 0xF0 && first_two < 0xF090);
    bool surrogate = first_two >= 0xEDA0 && first_two < 0xEE00;
    if (too_long || surrogate || first_two >= 0xF490) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  for (std::size_t length = 1; i < text.size() && length > 0; i += length)
    length = utf8_length(text, i);
  return i == text.size();
}

}  // namespace melgrad
