#include "kernels/caching_allocator.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace melgrad {
namespace {

// No machine has this much; a size that large is a negative number or a product that overflowed.
constexpr std::size_t largest_request = std::numeric_limits<std::size_t>::max() / 4;

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

CachingAllocator::CachingAllocator(std::string where, Allocate system_allocate, Free system_free,
                                   std::size_t cache_limit)
    : where_(std::move(where)),
      allocate_(system_allocate),
      free_(system_free),
      cache_limit_(cache_limit) {}

CachingAllocator::~CachingAllocator() { free_cached_blocks(); }

std::size_t CachingAllocator::size_class(std::size_t bytes) {
  std::size_t step = bytes <= 1024 ? 64 : std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

void* CachingAllocator::allocate(std::size_t bytes) {
  check(bytes <= largest_request, "allocate",
        "{} bytes is no size: it is negative or the product of the shape overflowed", bytes);
  if (bytes == 0) return nullptr;
  std::size_t size = size_class(bytes);
  std::lock_guard lock(mutex_);
  void* data = nullptr;
  auto blocks = cached_.find(size);
  if (blocks != cached_.end() && !blocks->second.empty()) {
    data = blocks->second.back();
    blocks->second.pop_back();
    stats_.cached -= size;
  } else {
    data = allocate_(size);
    if (data == nullptr) {
      free_cached_blocks();
      data = allocate_(size);
    }
    check(data != nullptr, "allocate",
          "out of memory on {}: asked for {} MiB, {} MiB are in use (at most {} MiB so far), "
          "nothing is cached; make the batch or the net smaller",
          where_, mebibytes(bytes), mebibytes(stats_.in_use), mebibytes(stats_.peak));
    ++stats_.system_allocations;
  }
  stats_.in_use += size;
  stats_.peak = std::max(stats_.peak, stats_.in_use);
  return data;
}

void CachingAllocator::deallocate(void* data, std::size_t bytes) noexcept {
  if (data == nullptr) return;
  std::size_t size = size_class(bytes);
  std::lock_guard lock(mutex_);
  stats_.in_use -= size;
  if (stats_.cached + size <= cache_limit_) {
    try {
      cached_[size].push_back(data);
      stats_.cached += size;
      return;
    } catch (const std::bad_alloc&) {  // no memory to remember the block: give it back instead
    }
  }
  free_(data);
}

void CachingAllocator::release_cache() {
  std::lock_guard lock(mutex_);
  free_cached_blocks();
}

MemoryStats CachingAllocator::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void CachingAllocator::free_cached_blocks() {
  for (auto& [size, blocks] : cached_)
    for (void* data : blocks) free_(data);
  cached_.clear();
  stats_.cached = 0;
}

}  // namespace melgrad
