// Finds reads of shared memory that nobody has written. g++ -fsanitize=thread puts a call before every read and write of
// a kernel; a program that links this file in place of ThreadSanitizer's library keeps, for each byte of shared memory, the
// number of the block that wrote it last. A read of a byte that the running block has not written is a fault of the kernel.
#include <execinfo.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <span>

#include "kernels/cudasim/launch.h"

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names and the compiler's

// The program's variables that start as zeros; of these kernels use only those that are __shared__. (CUDA does not let them
// read the host's, and does not let a __shared__ one start with a value.)
extern "C" char __bss_start[], _end[];

namespace melgrad::sim {
namespace {

using BlockNumber = std::uint32_t;

/// The last writers of the bytes from `address` on; none if it is not in shared memory.
std::span<BlockNumber> writers_of(const void* address, std::size_t bytes) {
  thread_local std::vector<BlockNumber> of_static(static_cast<std::size_t>(_end - __bss_start));
  thread_local std::vector<BlockNumber> of_dynamic(most_shared_bytes);
  const auto* first = static_cast<const char*>(address);
  auto part = [&](std::vector<BlockNumber>& writers, const void* begin) -> std::span<BlockNumber> {
    std::size_t offset = static_cast<std::size_t>(first - static_cast<const char*>(begin));
    return std::span(writers).subspan(offset, std::min(bytes, writers.size() - offset));
  };
  if (first >= __bss_start && first < _end) return part(of_static, __bss_start);
  const void* dynamic = dynamic_shared_memory.data();
  std::size_t dynamic_bytes = dynamic_shared_memory.size() * sizeof(float4);
  if (first >= dynamic && first < static_cast<const char*>(dynamic) + dynamic_bytes)
    return part(of_dynamic, dynamic);
  return {};
}

/// Where the program was loaded: what its addresses are larger by than those in the file.
std::uintptr_t load_address() {
  std::uintptr_t address = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* program, std::size_t, void* result) {
        *static_cast<std::uintptr_t*>(result) = program->dlpi_addr;
        return 1;  // the program itself is the first
      },
      &address);
  return address;
}

/// "softmax.cu:27", or "softmax.cu:12, called from softmax.cu:27": the line that is running and, if that is in a function,
/// the kernel's. Asks binutils' addr2line, which comes with g++.
std::string running_line() {
  std::array<void*, 32> frames{};
  int depth = backtrace(frames.data(), static_cast<int>(frames.size()));
  std::ostringstream command;
  command << "addr2line -i -e /proc/" << getpid() << "/exe" << std::hex;
  for (int i = 0; i < depth; ++i) {  // - 1: frames are where calls return to, often the next line
    command << " 0x" << reinterpret_cast<std::uintptr_t>(frames[i]) - load_address() - 1;
  }
  std::unique_ptr<FILE, int (*)(FILE*)> answer(popen(command.str().c_str(), "r"), pclose);
  std::array<char, 4096> buffer{};
  std::string innermost, kernel;
  while (answer && std::fgets(buffer.data(), buffer.size(), answer.get())) {
    std::string_view line = buffer.data();
    if (line.find("cudasim/launch.h:") != line.npos) break;  // from here on the host's functions
    std::size_t end = line.find(".cu:");
    if (end == line.npos) continue;
    std::size_t start = line.rfind('/', end) + 1;
    kernel = line.substr(start, line.find_first_of(" \n", end) - start);
    if (innermost.empty()) innermost = kernel;
  }
  if (innermost.empty()) return "a line that addr2line does not know";
  return innermost + (kernel == innermost ? "" : ", called from " + kernel);
}

void write(const void* address, std::size_t bytes) {
  auto writers = writers_of(address, bytes);
  if (writers.empty() || !Block::running()) return;
  std::fill(writers.begin(), writers.end(), Block::running()->number());
}

// A struct that is copied whole is read with the gaps between its members, which nobody writes. They are shorter than
// 8 bytes, so that it is a fault when all of an aligned 8 bytes, or what is read of them, was not written.
bool is_written(const void* address, std::span<const BlockNumber> writers, BlockNumber block) {
  std::size_t until_aligned = 8 - reinterpret_cast<std::uintptr_t>(address) % 8;
  while (!writers.empty()) {
    auto piece = writers.first(std::min(until_aligned, writers.size()));
    if (std::find(piece.begin(), piece.end(), block) == piece.end()) return false;
    writers = writers.subspan(piece.size());
    until_aligned = 8;
  }
  return true;
}

void read(const void* address, std::size_t bytes) {
  auto writers = writers_of(address, bytes);
  Block* block = writers.empty() ? nullptr : Block::running();
  if (!block || is_written(address, writers, block->number())) return;
  block->abandon_thread("reads shared memory that its block has not written, at " + running_line());
}

// CUDA's atomics come here relaxed; what is loaded in another order is the guard of a static variable of the host.
template <class T>
T atomic_load(const volatile void* address, int order) {
  const auto* value = static_cast<const volatile T*>(address);
  if (order == __ATOMIC_RELAXED) read(const_cast<const T*>(value), sizeof(T));
  return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

template <class T>
T atomic_exchange(volatile void* address, T value) {
  auto* target = static_cast<volatile T*>(address);
  write(const_cast<T*>(target), sizeof(T));
  return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}

template <class T>
T atomic_add(volatile void* address, T value) {
  auto* target = static_cast<volatile T*>(address);
  read(const_cast<T*>(target), sizeof(T));
  return __atomic_fetch_add(target, value, __ATOMIC_SEQ_CST);
}

template <class T>
bool atomic_compare_exchange(volatile void* address, void* expected, T value) {
  auto* target = static_cast<volatile T*>(address);
  read(const_cast<T*>(target), sizeof(T));
  return __atomic_compare_exchange_n(target, static_cast<T*>(expected), value, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

}  // namespace
}  // namespace melgrad::sim

// What g++ 12 calls; a program whose kernels use an atomic that is not here does not link.
extern "C" {
using u32 = unsigned;
using u64 = unsigned long;
namespace sim = melgrad::sim;

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit(void*) {}
void __tsan_vptr_update(void*, void*) {}

void __tsan_read1(void* address) { sim::read(address, 1); }
void __tsan_read2(void* address) { sim::read(address, 2); }
void __tsan_read4(void* address) { sim::read(address, 4); }
void __tsan_read8(void* address) { sim::read(address, 8); }
void __tsan_read16(void* address) { sim::read(address, 16); }
void __tsan_read_range(void* address, long bytes) { sim::read(address, static_cast<u64>(bytes)); }
void __tsan_write1(void* address) { sim::write(address, 1); }
void __tsan_write2(void* address) { sim::write(address, 2); }
void __tsan_write4(void* address) { sim::write(address, 4); }
void __tsan_write8(void* address) { sim::write(address, 8); }
void __tsan_write16(void* address) { sim::write(address, 16); }
void __tsan_write_range(void* address, long bytes) { sim::write(address, static_cast<u64>(bytes)); }

unsigned char __tsan_atomic8_load(const volatile void* a, int order) {
  return sim::atomic_load<unsigned char>(a, order);
}
u32 __tsan_atomic32_load(const volatile void* a, int order) {
  return sim::atomic_load<u32>(a, order);
}
u64 __tsan_atomic64_load(const volatile void* a, int order) {
  return sim::atomic_load<u64>(a, order);
}
u32 __tsan_atomic32_exchange(volatile void* a, u32 value, int) {
  return sim::atomic_exchange(a, value);
}
u64 __tsan_atomic64_exchange(volatile void* a, u64 value, int) {
  return sim::atomic_exchange(a, value);
}
u32 __tsan_atomic32_fetch_add(volatile void* a, u32 value, int) {
  return sim::atomic_add(a, value);
}
u64 __tsan_atomic64_fetch_add(volatile void* a, u64 value, int) {
  return sim::atomic_add(a, value);
}
bool __tsan_atomic32_compare_exchange_weak(volatile void* a, void* expected, u32 v, int, int) {
  return sim::atomic_compare_exchange(a, expected, v);
}
bool __tsan_atomic64_compare_exchange_weak(volatile void* a, void* expected, u64 v, int, int) {
  return sim::atomic_compare_exchange(a, expected, v);
}
bool __tsan_atomic32_compare_exchange_strong(volatile void* a, void* expected, u32 v, int, int) {
  return sim::atomic_compare_exchange(a, expected, v);
}
bool __tsan_atomic64_compare_exchange_strong(volatile void* a, void* expected, u64 v, int, int) {
  return sim::atomic_compare_exchange(a, expected, v);
}
void __tsan_atomic_thread_fence(int) {}
}

// NOLINTEND(bugprone-reserved-identifier)
