#pragma once
#include <type_traits>

#include "kernels/dtype.h"

namespace melgrad {

constexpr i64 channel_block = 32;

/// f(first channel, number of channels) for each block. The number is a compile-time constant in all
/// but the last block, so that there a block's sums can stay in registers.
template <class F>
void for_channel_blocks(i64 channels, F f) {
  i64 c0 = 0;
  for (; c0 + channel_block <= channels; c0 += channel_block)
    f(c0, std::integral_constant<i64, channel_block>{});
  if (c0 < channels) f(c0, channels - c0);
}

}  // namespace melgrad
