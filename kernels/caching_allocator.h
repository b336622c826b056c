#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace melgrad {

/// Keeps freed blocks for the next request of their size class, so that after the first step of a
/// steady loop nothing comes from the system any more. Thread-safe. The two functions it is made
/// with are the device's own; the first returns null when there is no memory left.
class CachingAllocator {
 public:
  using Allocate = void* (*)(std::size_t bytes);
  using Free = void (*)(void* data);

  /// `where` names the device in messages. At most `cache_limit` bytes are kept for later.
  CachingAllocator(std::string where, Allocate system_allocate, Free system_free,
                   std::size_t cache_limit);
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;
  ~CachingAllocator();

  /// Null for 0 bytes. When the device is full, gives the cache back, tries again, and then throws
  /// Error that says what was asked for and what is held.
  void* allocate(std::size_t bytes);
  /// `bytes` as in allocate().
  void deallocate(void* data, std::size_t bytes) noexcept;
  void release_cache();
  MemoryStats stats() const;

  /// Bytes of the block that serves a request: multiples of 64 up to 1 KiB, then four sizes
  /// between a power of two and the next, so at most a quarter is wasted.
  static std::size_t size_class(std::size_t bytes);

 private:
  void free_cached_blocks();

  std::string where_;
  Allocate allocate_;
  Free free_;
  std::size_t cache_limit_;
  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> cached_;  // by size class
  MemoryStats stats_;
};

}  // namespace melgrad
