#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace melgrad {

/// Keeps freed blocks for the next request of their size class, so that after the first step of a
/// steady loop nothing comes from the system any more. Thread-safe. The two functions it is made
/// with are the device's own; the first returns null when there is no memory left.
///
/// If `exact`, blocks are as large as asked for and never kept: slow, but AddressSanitizer and
/// compute-sanitizer then see every access past the end of an array and after its time.
class CachingAllocator {
 public:
  using Allocate = void* (*)(std::size_t bytes);
  using Free = void (*)(void* data);

  /// `where` names the device in messages. At most `cache_limit` bytes are kept for later.
  CachingAllocator(std::string where, Allocate system_allocate, Free system_free,
                   std::size_t cache_limit, bool exact = exact_memory());
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;
  ~CachingAllocator();

  /// Whether MELGRAD_EXACT_MEMORY is in the environment.
  static bool exact_memory();

  /// Null for 0 bytes. When the device is full, gives the cache back, tries again, and then throws
  /// Error that says what was asked for and what is held.
  void* allocate(std::size_t bytes);
  /// `bytes` as in allocate().
  void deallocate(void* data, std::size_t bytes) noexcept;

  /// At least `bytes` for the time of a call, to be given back by deallocate(data, bytes of the loan).
  /// Any block in the cache will do that is large enough, so that requests of many sizes share one; a
  /// new one replaces the last, which was too small. The whole block counts as in use.
  struct Loan {
    void* data = nullptr;
    std::size_t bytes = 0;
  };
  Loan lend(std::size_t bytes);
  void release_cache();
  MemoryStats stats() const;
  void reset_peak();

  /// Until close_pool, blocks come from a pool of their own: a recorded CUDA graph writes to their
  /// addresses whenever it is replayed, so nobody else may get them, freed or not, before
  /// release_pool. Meanwhile all of them count as in use. Throws Error if a pool is open already.
  void open_pool();
  int close_pool();  // the pool's number
  void release_pool(int pool);

  /// Bytes of the block that serves a request: multiples of 64 up to 1 KiB, then four sizes
  /// between a power of two and the next, so at most a quarter is wasted.
  static std::size_t size_class(std::size_t bytes);

 private:
  using Blocks = std::map<std::size_t, std::vector<void*>>;  // by size class
  struct Pool {
    Blocks free;
    std::set<void*> all;
  };

  std::size_t block_size(std::size_t bytes) const;
  void* allocate_block(std::size_t size);
  void* take(Blocks& blocks, std::size_t size);
  void* allocate_new(std::size_t size);
  void keep_or_free(void* data, std::size_t size) noexcept;
  void free_cached_blocks();

  std::string where_;
  Allocate allocate_;
  Free free_;
  bool exact_;
  std::size_t cache_limit_;
  mutable std::mutex mutex_;
  Blocks cached_;
  std::map<int, Pool> pools_;
  int last_pool_ = 0;
  std::size_t last_loan_ = 0;  // bytes of the last block that was made to be lent
  bool pool_is_open_ = false;
  MemoryStats stats_;
};

}  // namespace melgrad
