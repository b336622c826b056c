#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/dtype.h"

namespace melgrad::synth {

/// Random choices of one clip: SplitMix64 (Steele, Lea & Flood 2014), one multiplication or two a
/// draw, because noise takes a draw a sample. One draw a call of anything: compilers choose in which order they
/// evaluate arguments, and the music would be another.
class Dice {
 public:
  explicit Dice(u64 seed) : state_(seed) {}

  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * static_cast<double>(next() >> 11U) * 0x1p-53;
  }
  /// In [−1, 1).
  float noise() { return static_cast<float>(static_cast<std::int32_t>(next() >> 32U)) * 0x1p-31F; }
  bool chance(double p) { return uniform() < p; }
  int integer(int low, int high) {  // both ends included
    return low + static_cast<int>(next() % static_cast<u64>(high - low + 1));
  }
  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& choices) {
    return choices[next() % N];
  }

 private:
  u64 next() {
    u64 z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27U) * 0x94d049bb133111ebU;
    return z ^ z >> 31U;
  }

  u64 state_;
};

}  // namespace melgrad::synth
