#pragma once
#include <cstdint>
#include <string_view>

namespace melgrad {

/// CRC-32 of the bytes, as PNG and zip have it (ISO 3309).
std::uint32_t crc32(std::string_view bytes);

}  // namespace melgrad
