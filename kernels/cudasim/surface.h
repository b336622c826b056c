#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/cudasim/block.h"

/// The part of CUDA C++ that melgrad's kernels use, as plain C++: the names are CUDA's and so are their meanings
/// (CUDA C++ Programming Guide, "C++ language extensions"). A block runs on one operating-system thread,
/// so __shared__ is a static variable and threadIdx a global that the scheduler sets before it resumes a thread.

// NOLINTBEGIN(bugprone-reserved-identifier, google-explicit-constructor): CUDA's choices

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ \
  static __attribute__((used))  // used: an array that nobody writes is not a constant
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

inline thread_local uint3 threadIdx{}, blockIdx{};
inline thread_local dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

inline void __syncthreads(melgrad::sim::Site site = melgrad::sim::Site::here()) {
  melgrad::sim::Block::current().barrier(site);
}

namespace melgrad::sim {

template <class T>
LaneValue to_lane(T value) {
  static_assert(sizeof(T) <= sizeof(LaneValue) && std::is_trivially_copyable_v<T>);
  LaneValue lane{};
  std::memcpy(lane.bytes.data(), &value, sizeof(T));
  return lane;
}

template <class T>
T from_lane(const LaneValue& lane) {
  T value;
  std::memcpy(&value, lane.bytes.data(), sizeof(T));
  return value;
}

template <class T>
LaneValues exchange(unsigned mask, T value, Site site) {
  return Block::current().collective(mask, to_lane(value), site, nullptr);
}

/// Lane `source` of this lane's group of `width`, or this lane itself if it is outside the group.
inline unsigned within(int source, int width, int lane) {
  int first = lane / width * width;
  return static_cast<unsigned>(source >= first && source < first + width ? source : lane);
}

/// All lanes' values combined in lane order: one collective in place of five shuffles.
template <class T, class Op>
T warp_reduce(T value, Op op, Site site) {
  auto combine = [&op](LaneValues& values, std::uint32_t lanes) {
    unsigned first = static_cast<unsigned>(__builtin_ctz(lanes));
    T all = from_lane<T>(values[first]);
    for (unsigned lane = first + 1; lane < warp_threads; ++lane) {
      if (lanes >> lane & 1U) all = op(all, from_lane<T>(values[lane]));
    }
    values[0] = to_lane(all);
  };
  return from_lane<T>(Block::current().collective(0xffffffffU, to_lane(value), site, combine)[0]);
}

}  // namespace melgrad::sim

inline void __syncwarp(unsigned mask = 0xffffffffU,
                       melgrad::sim::Site site = melgrad::sim::Site::here()) {
  melgrad::sim::exchange(mask, 0, site);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              melgrad::sim::Site site = melgrad::sim::Site::here()) {
  int lane = static_cast<int>(melgrad::sim::Block::current().lane());
  int from = lane / width * width + ((source % width) + width) % width;
  return melgrad::sim::from_lane<T>(
      melgrad::sim::exchange(mask, value, site)[static_cast<unsigned>(from)]);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 melgrad::sim::Site site = melgrad::sim::Site::here()) {
  int lane = static_cast<int>(melgrad::sim::Block::current().lane());
  auto all = melgrad::sim::exchange(mask, value, site);
  return melgrad::sim::from_lane<T>(
      all[melgrad::sim::within(lane - static_cast<int>(delta), width, lane)]);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   melgrad::sim::Site site = melgrad::sim::Site::here()) {
  int lane = static_cast<int>(melgrad::sim::Block::current().lane());
  auto all = melgrad::sim::exchange(mask, value, site);
  return melgrad::sim::from_lane<T>(
      all[melgrad::sim::within(lane + static_cast<int>(delta), width, lane)]);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  melgrad::sim::Site site = melgrad::sim::Site::here()) {
  int lane = static_cast<int>(melgrad::sim::Block::current().lane());
  auto all = melgrad::sim::exchange(mask, value, site);
  return melgrad::sim::from_lane<T>(all[melgrad::sim::within(lane ^ lanes, width, lane)]);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              melgrad::sim::Site site = melgrad::sim::Site::here()) {
  auto all = melgrad::sim::exchange(mask, predicate != 0, site);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < melgrad::sim::warp_threads; ++lane) {
    if ((mask >> lane & 1U) && melgrad::sim::from_lane<bool>(all[lane])) votes |= 1U << lane;
  }
  return votes;
}

inline int __any_sync(unsigned mask, int predicate,
                      melgrad::sim::Site site = melgrad::sim::Site::here()) {
  return __ballot_sync(mask, predicate, site) != 0;
}

inline int __all_sync(unsigned mask, int predicate,
                      melgrad::sim::Site site = melgrad::sim::Site::here()) {
  return __ballot_sync(mask, !predicate, site) == 0;
}

// --- atomics: return the old value -----------------------------------------------------------------------------------
template <class T>
T atomicAdd(T* address, T value) {
  return std::atomic_ref<T>(*address).fetch_add(value, std::memory_order_relaxed);
}
template <class T>
T atomicExch(T* address, T value) {
  return std::atomic_ref<T>(*address).exchange(value, std::memory_order_relaxed);
}
template <class T>
T atomicCAS(T* address, T expected, T value) {
  std::atomic_ref<T>(*address).compare_exchange_strong(expected, value, std::memory_order_relaxed);
  return expected;
}
template <class T>
T atomicMax(T* address, T value) {
  std::atomic_ref<T> target(*address);
  T old = target.load(std::memory_order_relaxed);
  while (old < value && !target.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
  return old;
}
template <class T>
T atomicMin(T* address, T value) {
  std::atomic_ref<T> target(*address);
  T old = target.load(std::memory_order_relaxed);
  while (value < old && !target.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
  return old;
}
inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

// --- arithmetic ------------------------------------------------------------------------------------------------------
using std::isfinite, std::isnan;
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1.0F / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((std::uint64_t{a} * b) >> 32U);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
template <class T>
T __ldg(const T* address) {
  return *address;
}

// NOLINTEND(bugprone-reserved-identifier, google-explicit-constructor)
