#include "kernels/cudasim/block.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <map>
#include <numeric>
#include <random>
#include <sstream>
#include <utility>

#include "kernels/cudasim/surface.h"
#include "kernels/error.h"
#include "kernels/sanitizers.h"

#if defined(MELGRAD_SIM_TSAN)
#include <sanitizer/tsan_interface.h>
#endif
#if defined(MELGRAD_SIM_TSAN) || MELGRAD_ASAN
#include <sanitizer/common_interface_defs.h>

#include <cstdio>
#endif

namespace melgrad::sim {
namespace {

thread_local Block* running_block = nullptr;
thread_local std::uint32_t blocks_begun = 0;

// MELGRAD_SIM_ORDER=reverse or =random runs a whole program that way.
ThreadOrder order_of_environment() {
  const char* name = std::getenv("MELGRAD_SIM_ORDER");
  std::string_view order = name ? name : "forward";
  check(order == "forward" || order == "reverse" || order == "random", "cuda simulator",
        "MELGRAD_SIM_ORDER is forward, reverse or random, not '{}'", order);
  return order == "reverse"  ? ThreadOrder::reverse
         : order == "random" ? ThreadOrder::random
                             : ThreadOrder::forward;
}

thread_local ThreadOrder thread_order = order_of_environment();
thread_local std::uint64_t order_seed = 0;

// To ThreadSanitizer each CUDA thread is a fiber of its own, ordered with the others by what is told here alone.
#if defined(MELGRAD_SIM_TSAN)
constexpr bool one_thread_a_fiber = true;
void happens_before(void* event) { __tsan_release(event); }
void happens_after(void* event) { __tsan_acquire(event); }
#else
constexpr bool one_thread_a_fiber = false;
void happens_before(void*) {}
void happens_after(void*) {}
#endif

// A sanitizer's report has the line; whose turn it was only the simulator knows.
#if defined(MELGRAD_SIM_TSAN) || MELGRAD_ASAN
void name_running_thread() {
  if (!running_block) return;
  std::string name = running_block->running_thread();
  std::fprintf(stderr, "in %s\n", name.c_str());
}
[[maybe_unused]] const bool sanitizer_names_thread =
    (__sanitizer_set_death_callback(name_running_thread), true);
#endif

std::ostream& operator<<(std::ostream& out, const Dim3& d) {
  return out << "(" << d.x << ", " << d.y << ", " << d.z << ")";
}

std::ostream& operator<<(std::ostream& out, const Site& site) {
  std::string_view file = site.file;
  return out << file.substr(file.find_last_of('/') + 1) << ":" << site.line;
}

Dim3 position(unsigned linear, const Dim3& shape) {
  return {linear % shape.x, linear / shape.x % shape.y, linear / (shape.x * shape.y)};
}

// 0, 1, 2, 5, 6 -> "0–2, 5–6"
std::string ranges(const std::vector<unsigned>& sorted) {
  std::ostringstream out;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t last = i;
    while (last + 1 < sorted.size() && sorted[last + 1] == sorted[last] + 1) ++last;
    out << (i ? ", " : "") << sorted[i];
    if (last > i) out << "–" << sorted[last];
    i = last + 1;
  }
  return out.str();
}

}  // namespace

void set_thread_order(ThreadOrder order, std::uint64_t seed) {
  thread_order = order;
  order_seed = seed;
}

Block::Block(std::string kernel, Dim3 grid, Dim3 threads)
    : kernel_(std::move(kernel)),
      grid_(grid),
      shape_(threads),
      threads_(threads.count()),
      order_(threads.count()),
      open_((threads.count() + warp_threads - 1) / warp_threads) {
  positions_.reserve(threads_.size());
  for (unsigned thread = 0; thread < threads_.size(); ++thread) {
    positions_.push_back(position(thread, shape_));
  }
}

Block::~Block() = default;

Block& Block::current() {
  check(running_block != nullptr, "cuda simulator",
        "a device function was called outside a kernel");
  return *running_block;
}

Block* Block::running() { return running_block; }

void Block::run(Dim3 index, const std::function<void()>& body) {
  index_ = index;
  number_ = ++blocks_begun;
  body_ = &body;
  next_ = done_ = at_barrier_ = 0;
  error_.clear();
  std::fill(threads_.begin(), threads_.end(), Thread{});
  for (auto& warp : open_) warp.clear();
  order_threads(index);

  running_block = this;
  blockIdx = {index.x, index.y, index.z};
  blockDim = {shape_.x, shape_.y, shape_.z};
  gridDim = {grid_.x, grid_.y, grid_.z};
  happens_before(&started_);
  while (done_ < threads_.size()) {
    start_threads();
    bool moved = false;
    for (unsigned thread : order_) {
      if (threads_[thread].state != State::ready) continue;
      resume(thread);
      moved = true;
    }
    if (!moved && done_ < threads_.size())
      fail("the threads wait for each other: " + waiting_threads());
  }
  happens_after(&finished_);
  running_block = nullptr;
  if constexpr (one_thread_a_fiber) {
    fibers_.clear();
    idle_.clear();
  }
  check(error_.empty(), kernel_, "{}", error_);
}

void Block::order_threads(Dim3 index) {
  std::iota(order_.begin(), order_.end(), 0U);
  if (thread_order == ThreadOrder::reverse) std::reverse(order_.begin(), order_.end());
  if (thread_order == ThreadOrder::random) {
    std::mt19937_64 random(order_seed + index.x + (std::uint64_t{index.y} << 24U) +
                           (std::uint64_t{index.z} << 48U));
    std::shuffle(order_.begin(), order_.end(), random);
  }
}

// Each stack runs one thread after the other until one of them has to wait; only then is another stack needed.
void Block::start_threads() {
  while (next_ < threads_.size()) {
    if (idle_.empty()) {
      auto* self = this;
      auto fiber = std::make_unique<Fiber>([self, slot = fibers_.size()] {
        do {
          while (self->next_ < self->threads_.size()) {
            unsigned thread = self->order_[self->next_++];
            self->threads_[thread].fiber = self->fibers_[slot].get();
            self->run_thread(thread);
            if constexpr (one_thread_a_fiber) return;
          }
          self->idle_.push_back(self->fibers_[slot].get());
          self->fibers_[slot]->suspend();
        } while (true);
      });
      fibers_.push_back(std::move(fiber));
      fibers_.back()->resume();
    } else {
      Fiber* fiber = idle_.back();
      idle_.pop_back();
      fiber->resume();
    }
  }
}

void Block::run_thread(unsigned thread) {
  Thread& me = threads_[thread];
  current_ = thread;
  me.state = State::running;
  const Dim3& p = positions_[thread];
  threadIdx = {p.x, p.y, p.z};
  happens_after(&started_);
  if (error_.empty()) {
    try {
      (*body_)();
    } catch (const Unwind&) {  // the block failed elsewhere
    } catch (const std::exception& error) {
      fail(name_thread(thread) + ": " + error.what());
    }
  }
  happens_before(&finished_);
  me.state = State::done;
  ++done_;
}

void Block::resume(unsigned thread) {
  current_ = thread;
  threads_[thread].state = State::running;
  const Dim3& p = positions_[thread];
  threadIdx = {p.x, p.y, p.z};
  threads_[thread].fiber->resume();
}

void Block::wait(State state) {
  unsigned me = current_;
  threads_[me].state = state;
  threads_[me].fiber->suspend();
  if (!error_.empty()) throw Unwind{};
}

void Block::barrier(Site site) {
  Thread& me = threads_[current_];
  me.site = site;
  happens_before(&at_barrier_);
  if (++at_barrier_ < threads_.size()) {
    wait(State::at_barrier);
  } else {
    me.state = State::at_barrier;
    release_barrier();
    me.state = State::running;
  }
  happens_after(&at_barrier_);
}

void Block::release_barrier() {
  const Site& site = threads_[current_].site;
  for (const Thread& thread : threads_) {
    if (!(thread.site == site)) fail_here("barrier divergence: " + waiting_threads());
  }
  for (Thread& thread : threads_) thread.state = State::ready;
  at_barrier_ = 0;
}

unsigned Block::lane() const { return current_ % warp_threads; }

LaneValues Block::collective(std::uint32_t mask, const LaneValue& mine, Site site,
                             const std::function<void(LaneValues&, std::uint32_t)>& combine) {
  unsigned me = current_, warp = me / warp_threads, lane = me % warp_threads;
  threads_[me].site = site;
  threads_[me].mask = mask;
  if ((mask >> lane & 1U) == 0) {
    std::ostringstream why;
    why << name_thread(me) << " calls a warp collective whose mask leaves it out, at " << site;
    fail_here(why.str());
  }
  // A mask may name lanes past the end of a block whose size is no multiple of 32; they do not exist.
  std::size_t existing =
      std::min<std::size_t>(warp_threads, threads_.size() - std::size_t{warp} * warp_threads);
  std::uint32_t needed = existing == warp_threads ? mask : mask & ((1U << existing) - 1U);

  auto& open = open_[warp];
  auto joinable = [&](const Collective& c) {
    return !c.complete && c.mask == mask && c.site == site && (c.arrived >> lane & 1U) == 0;
  };
  auto slot = std::find_if(open.begin(), open.end(), joinable);
  if (slot == open.end()) {
    slot = std::find_if(open.begin(), open.end(),
                        [](const Collective& c) { return c.complete && c.readers == 0; });
    if (slot == open.end()) slot = open.insert(open.end(), Collective{});
    *slot = Collective{};
    slot->mask = mask;
    slot->site = site;
  }
  std::size_t index = static_cast<std::size_t>(slot - open.begin());
  slot->values[lane] = mine;
  slot->arrived |= 1U << lane;
  slot->readers += 1;
  happens_before(&open);
  if (slot->arrived != needed) {
    wait(State::at_collective);
  } else {
    slot->complete = true;
    if (combine) combine(slot->values, needed);
    for (unsigned other = 0; other < existing; ++other) {
      if (other != lane && (needed >> other & 1U))
        threads_[warp * warp_threads + other].state = State::ready;
    }
  }
  happens_after(&open);
  Collective& done = open_[warp][index];
  done.readers -= 1;
  return done.values;
}

void Block::fail(const std::string& why) {
  if (error_.empty()) {
    std::ostringstream out;
    out << "block " << index_ << " of " << grid_ << ": " << why;
    error_ = out.str();
  }
  for (Thread& thread : threads_) {
    if (thread.state == State::at_barrier || thread.state == State::at_collective)
      thread.state = State::ready;
  }
}

void Block::fail_here(const std::string& why) {
  unsigned me = current_;
  threads_[me].state = State::running;
  fail(why);
  threads_[me].state = State::running;
  throw Unwind{};
}

void Block::abandon_thread(std::string did) {
  Thread& me = threads_[current_];
  fail(name_thread(current_) + " " + std::exchange(did, {}));
  me.state = State::done;
  ++done_;
  me.fiber->suspend();
  std::abort();  // nobody resumes a thread that is done
}

std::string Block::running_thread() const {
  std::ostringstream out;
  out << "[" << kernel_ << "] block " << index_ << " of " << grid_ << ": " << name_thread(current_);
  return out.str();
}

std::string Block::name_thread(unsigned thread) const {
  std::ostringstream out;
  out << "thread " << positions_[thread];
  return out.str();
}

std::string Block::waiting_threads() const {
  std::map<std::string, std::vector<unsigned>> groups;
  for (unsigned i = 0; i < threads_.size(); ++i) {
    const Thread& thread = threads_[i];
    std::ostringstream where;
    if (thread.state == State::done) {
      where << "left the kernel";
    } else {
      where << (thread.state == State::at_collective ? "at the warp collective "
                                                     : "at the barrier ")
            << thread.site;
      if (thread.state == State::at_collective) where << " with mask 0x" << std::hex << thread.mask;
    }
    groups[where.str()].push_back(i);
  }
  std::ostringstream out;
  for (const auto& [where, members] : groups) {
    out << (out.tellp() > 0 ? "; " : "") << (members.size() > 1 ? "threads " : "thread ")
        << ranges(members)
        << (members.size() > 1 && where[0] == 'a' ? " are "
            : where[0] == 'a'                     ? " is "
                                                  : " ")
        << where;
  }
  return out.str();
}

}  // namespace melgrad::sim
