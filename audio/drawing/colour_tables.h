#pragma once
#include <array>
#include <cstdint>

namespace melgrad {

/// 256 colours each, 0xRRGGBB.
extern const std::array<std::uint32_t, 256> magma_table, viridis_table, coolwarm_table;

}  // namespace melgrad
