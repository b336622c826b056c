#pragma once
#include <array>
#include <cstdint>

namespace melgrad {

/// Letters of 5 × 7 points, each byte a row, its lowest five bits the points from left to right.
/// Characters that are not there are drawn as a space; small letters as capitals.
std::array<std::uint8_t, 7> glyph(char character);

}  // namespace melgrad
