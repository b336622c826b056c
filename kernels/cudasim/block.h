#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cudasim/fiber.h"

namespace melgrad::sim {

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
  std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};

/// A line of a kernel, for messages.
struct Site {
  const char* file = "";
  int line = 0;
  /// As a default argument: where the function was called.
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
  bool operator==(const Site&) const = default;
};

/// In which order the threads of a block are started and resumed. A missing barrier often shows in one order only.
enum class ThreadOrder { forward, reverse, random };
void set_thread_order(ThreadOrder order, std::uint64_t seed = 0);

inline constexpr unsigned warp_threads = 32;
/// What one lane hands to a warp collective; large enough for two doubles.
struct alignas(16) LaneValue {
  std::array<unsigned char, 16> bytes;
};
using LaneValues = std::array<LaneValue, warp_threads>;

/// The threads of one block, run by one operating-system thread. A thread keeps the stack it was started on until it
/// ends; the next thread starts on the same stack unless this one is waiting, so a kernel that never waits costs plain calls.
class Block {
 public:
  Block(std::string kernel, Dim3 grid, Dim3 threads);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Runs `body` once for each thread of the block at `index`. Throws Error that names kernel, block, threads and lines
  /// when they cannot all finish, after every waiting thread has been unwound.
  void run(Dim3 index, const std::function<void()>& body);

  /// The block that this operating-system thread is running. Throws Error outside a kernel.
  static Block& current();
  /// The same, null outside a kernel.
  static Block* running();
  /// Which of the blocks that this operating-system thread has run it is; from 1 on, and never the same again.
  std::uint32_t number() const { return number_; }

  /// __syncthreads: returns when every thread of the block has come to the same line.
  void barrier(Site site);
  /// A warp collective: returns when every lane of `mask` has come to the same line with the same mask. The last one
  /// to come calls `combine` (may be null) on the lanes' values; all see the result.
  LaneValues collective(std::uint32_t mask, const LaneValue& mine, Site site,
                        const std::function<void(LaneValues&, std::uint32_t)>& combine);
  unsigned lane() const;
  /// "[softmax_rows] block (0, 0, 0) of (2, 1, 1): thread (7, 0, 0)", for messages.
  std::string running_thread() const;

  /// The block fails with "thread (7, 0, 0) `did`", and the thread goes no further. For a place that must not throw: the
  /// thread's stack is left as it is, nothing on it is destroyed.
  [[noreturn]] void abandon_thread(std::string did);

 private:
  enum class State { unstarted, ready, running, at_barrier, at_collective, done };
  struct Collective {
    std::uint32_t mask = 0, arrived = 0;
    Site site;
    LaneValues values{};
    unsigned readers = 0;
    bool complete = false;
  };
  struct Thread {
    State state = State::unstarted;
    Fiber* fiber = nullptr;
    Site site;
    std::uint32_t mask = 0;
  };
  struct Unwind {};  // thrown in waiting threads when the block has failed

  void start_threads();
  void run_thread(unsigned thread);
  void resume(unsigned thread);
  void wait(State state);
  void release_barrier();
  void fail(const std::string& why);
  [[noreturn]] void fail_here(const std::string& why);
  std::string waiting_threads() const;
  std::string name_thread(unsigned thread) const;
  void order_threads(Dim3 index);

  std::string kernel_;
  Dim3 grid_, shape_, index_{};
  std::vector<Thread> threads_;
  std::vector<Dim3> positions_;
  std::vector<unsigned> order_;
  std::vector<std::vector<Collective>> open_;  // per warp
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  const std::function<void()>* body_ = nullptr;
  std::uint32_t number_ = 0;
  unsigned next_ = 0, current_ = 0, done_ = 0, at_barrier_ = 0;
  std::string error_;
  char started_ = 0, finished_ = 0;  // events, to ThreadSanitizer
};

}  // namespace melgrad::sim
