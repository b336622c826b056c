#include "kernels/caching_allocator.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <utility>

namespace melgrad {
namespace {

// No machine has this much; a size that large is a negative number or a product that overflowed.
constexpr std::size_t largest_request = std::numeric_limits<std::size_t>::max() / 4;

void check_request(std::size_t bytes) {
  check(bytes <= largest_request, "allocate",
        "{} bytes is no size: it is negative or the product of the shape overflowed", bytes);
}

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

CachingAllocator::CachingAllocator(std::string where, Allocate system_allocate, Free system_free,
                                   std::size_t cache_limit, bool exact)
    : where_(std::move(where)),
      allocate_(system_allocate),
      free_(system_free),
      exact_(exact),
      cache_limit_(exact ? 0 : cache_limit) {}

bool CachingAllocator::exact_memory() { return std::getenv("MELGRAD_EXACT_MEMORY") != nullptr; }

CachingAllocator::~CachingAllocator() { free_cached_blocks(); }

std::size_t CachingAllocator::size_class(std::size_t bytes) {
  std::size_t step = bytes <= 1024 ? 64 : std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

std::size_t CachingAllocator::block_size(std::size_t bytes) const {
  return exact_ ? bytes : size_class(bytes);
}

void* CachingAllocator::allocate(std::size_t bytes) {
  check_request(bytes);
  if (bytes == 0) return nullptr;
  std::size_t size = block_size(bytes);
  std::lock_guard lock(mutex_);
  return allocate_block(size);
}

CachingAllocator::Loan CachingAllocator::lend(std::size_t bytes) {
  check_request(bytes);
  if (bytes == 0) return {};
  std::size_t size = block_size(bytes);
  std::lock_guard lock(mutex_);
  Blocks& blocks = pool_is_open_ ? pools_.at(last_pool_).free : cached_;
  auto fits = std::find_if(blocks.lower_bound(size), blocks.end(),
                           [](const auto& of_a_size) { return !of_a_size.second.empty(); });
  bool is_new = fits == blocks.end();
  if (!is_new) {
    size = fits->first;
  } else if (
      pool_is_open_) {  // which frees nothing: the largest before is likely to be needed, too
    size = std::max(size, last_loan_);
  } else if (void* too_small = take(cached_, last_loan_)) {
    stats_.cached -= last_loan_;
    free_(too_small);
  }
  void* data = allocate_block(size);
  if (is_new) last_loan_ = size;
  return {data, size};
}

void* CachingAllocator::allocate_block(std::size_t size) {
  if (pool_is_open_) {
    Pool& pool = pools_.at(last_pool_);
    if (void* data = take(pool.free, size)) return data;
    void* data = allocate_new(size);
    pool.all.insert(data);
    return data;
  }
  if (void* data = take(cached_, size)) {
    stats_.cached -= size;
    stats_.in_use += size;
    stats_.peak = std::max(stats_.peak, stats_.in_use);
    return data;
  }
  return allocate_new(size);
}

/// Null if there is none of this size.
void* CachingAllocator::take(Blocks& blocks, std::size_t size) {
  auto found = blocks.find(size);
  if (found == blocks.end() || found->second.empty()) return nullptr;
  void* data = found->second.back();
  found->second.pop_back();
  return data;
}

void* CachingAllocator::allocate_new(std::size_t size) {
  void* data = allocate_(size);
  if (data == nullptr && !pool_is_open_) {  // a device that records must not free
    free_cached_blocks();
    data = allocate_(size);
  }
  check(data != nullptr, "allocate",
        "out of memory on {}: asked for {} MiB, {} MiB are in use (at most {} MiB so far), "
        "{} MiB are cached; make the batch or the net smaller",
        where_, mebibytes(size), mebibytes(stats_.in_use), mebibytes(stats_.peak),
        mebibytes(stats_.cached));
  ++stats_.system_allocations;
  stats_.in_use += size;
  stats_.peak = std::max(stats_.peak, stats_.in_use);
  return data;
}

void CachingAllocator::deallocate(void* data, std::size_t bytes) noexcept {
  if (data == nullptr) return;
  std::size_t size = block_size(bytes);
  std::lock_guard lock(mutex_);
  for (auto& [number, pool] : pools_) {
    if (!pool.all.contains(data)) continue;
    try {
      pool.free[size].push_back(data);
    } catch (const std::bad_alloc&) {  // lost until the program ends, but never given to another
    }
    return;
  }
  stats_.in_use -= size;
  keep_or_free(data, size);
}

void CachingAllocator::keep_or_free(void* data, std::size_t size) noexcept {
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

void CachingAllocator::open_pool() {
  std::lock_guard lock(mutex_);
  check(!pool_is_open_, "allocate", "a pool is open already on {}", where_);
  pools_[++last_pool_];
  pool_is_open_ = true;
}

int CachingAllocator::close_pool() {
  std::lock_guard lock(mutex_);
  pool_is_open_ = false;
  return last_pool_;
}

// Blocks that somebody still holds become ordinary ones.
void CachingAllocator::release_pool(int pool) {
  std::lock_guard lock(mutex_);
  auto found = pools_.find(pool);
  if (found == pools_.end()) return;
  Pool released = std::move(found->second);
  pools_.erase(found);
  for (auto& [size, blocks] : released.free) {
    for (void* data : blocks) {
      stats_.in_use -= size;
      keep_or_free(data, size);
    }
  }
}

void CachingAllocator::release_cache() {
  std::lock_guard lock(mutex_);
  free_cached_blocks();
}

MemoryStats CachingAllocator::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void CachingAllocator::reset_peak() {
  std::lock_guard lock(mutex_);
  stats_.peak = stats_.in_use;
}

void CachingAllocator::free_cached_blocks() {
  for (auto& [size, blocks] : cached_)
    for (void* data : blocks) free_(data);
  cached_.clear();
  stats_.cached = 0;
}

}  // namespace melgrad
