#include "kernels/cudasim/device_memory.h"

#include <sanitizer/asan_interface.h>  // whose macros do nothing without AddressSanitizer
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "kernels/error.h"

namespace melgrad::sim {
namespace {

constexpr std::size_t alignment =
    256;  // cudaMalloc's; also the poisoned gap behind each allocation

// What nobody has written is NaN, in every floating dtype: of a new allocation so many bytes.
constexpr std::size_t most_spoiled = std::size_t{1} << 20U;

// Pages of 4 KiB take a launch a millisecond to open and close once 100 MB of them are in use.
constexpr std::size_t huge_page = std::size_t{2} << 20U;

struct Heap {
  char* base = nullptr;
  std::size_t top = 0;   // bytes ever handed out, in whole pages: what is opened and closed
  std::size_t used = 0;  // by what is live, with gaps
  std::size_t most = device_memory_bytes;
  std::map<std::size_t, std::size_t> live;         // offset -> bytes asked for
  std::map<std::size_t, std::size_t> free_blocks;  // offset -> bytes, merged with neighbours
  int open = 0;
  std::mutex mutex;

  Heap() {
    void* mapping = mmap(nullptr, device_memory_bytes + huge_page, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc();
    base = static_cast<char*>(mapping) +
           (huge_page - reinterpret_cast<std::uintptr_t>(mapping) % huge_page);
    madvise(base, device_memory_bytes, MADV_HUGEPAGE);
    free_blocks[0] = device_memory_bytes;
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_RESETHAND;
    action.sa_sigaction = &Heap::explain_fault;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
  }

  static void explain_fault(int signal, siginfo_t* info, void*);

  bool contains(const void* data) const {
    auto* address = static_cast<const char*>(data);
    return address >= base && address < base + device_memory_bytes;
  }
  /// The live allocation that starts at or below `offset`, or end().
  std::map<std::size_t, std::size_t>::const_iterator allocation_at(std::size_t offset) const {
    auto next = live.upper_bound(offset);
    return next == live.begin() ? live.end() : std::prev(next);
  }
  void protect(int rights) const {
    if (top > 0) mprotect(base, top, rights);
  }
};

Heap& heap() {
  static auto* instance = new Heap;  // outlives every static that may still free device memory
  return *instance;
}

std::size_t rounded_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

// Runs on a signal: the process is lost, and only names the culprit. SA_RESETHAND lets the second fault end it.
void Heap::explain_fault(int, siginfo_t* info, void*) {
  Heap& h = heap();
  if (!h.contains(info->si_addr)) return;
  std::size_t offset = static_cast<std::size_t>(static_cast<char*>(info->si_addr) - h.base);
  auto found = h.allocation_at(offset);
  char text[256];
  int length = 0;
  if (found != h.live.end() && offset < found->first + std::max<std::size_t>(found->second, 1)) {
    length = std::snprintf(
        text, sizeof text,
        "[cuda simulator] the host touched device memory: byte %zu of an allocation of %zu bytes\n",
        offset - found->first, found->second);
  } else {
    length = std::snprintf(
        text, sizeof text,
        "[cuda simulator] device memory was touched at %p, where nothing is allocated\n",
        info->si_addr);
  }
  if (length > 0 && write(STDERR_FILENO, text, static_cast<std::size_t>(length)) < 0) _exit(1);
}

}  // namespace

void* device_malloc(std::size_t bytes) {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  std::size_t wanted = rounded_up(std::max<std::size_t>(bytes, 1), alignment) + alignment;
  if (h.used + wanted > h.most) return nullptr;
  for (auto block = h.free_blocks.begin(); block != h.free_blocks.end(); ++block) {
    if (block->second < wanted) continue;
    auto [offset, size] = *block;
    h.free_blocks.erase(block);
    if (size > wanted) h.free_blocks[offset + wanted] = size - wanted;
    h.live[offset] = bytes;
    h.used += wanted;
    h.top = std::max(h.top, rounded_up(offset + wanted, huge_page));
    ASAN_POISON_MEMORY_REGION(h.base + offset, wanted);
    ASAN_UNPOISON_MEMORY_REGION(h.base + offset, bytes);
    h.protect(PROT_READ | PROT_WRITE);
    std::memset(h.base + offset, 0xff, std::min(bytes, most_spoiled));
    if (h.open == 0) h.protect(PROT_NONE);
    return h.base + offset;
  }
  return nullptr;
}

void device_free(void* data) {
  Heap& h = heap();
  if (data == nullptr) return;
  std::lock_guard lock(h.mutex);
  check(h.contains(data), "cudaFree", "{} is not an address of the device", data);
  std::size_t offset = static_cast<std::size_t>(static_cast<char*>(data) - h.base);
  auto found = h.live.find(offset);
  check(found != h.live.end(), "cudaFree",
        "nothing is allocated at {}: freed twice, or not an allocation's start", data);
  std::size_t size = rounded_up(std::max<std::size_t>(found->second, 1), alignment) + alignment;
  h.live.erase(found);
  h.used -= size;
  ASAN_POISON_MEMORY_REGION(h.base + offset, size);

  auto next = h.free_blocks.lower_bound(offset);
  if (next != h.free_blocks.end() && offset + size == next->first) {
    size += next->second;
    next = h.free_blocks.erase(next);
  }
  if (next != h.free_blocks.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == offset) {
      before->second += size;
      return;
    }
  }
  h.free_blocks[offset] = size;
}

std::size_t device_bytes_free() {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  return h.most - std::min(h.used, h.most);
}

void set_device_bytes(std::size_t bytes) {
  std::lock_guard lock(heap().mutex);
  heap().most = bytes;
}

std::size_t device_bytes() { return heap().most; }

bool is_device_address(const void* data) { return heap().contains(data); }

void check_device_pointer(std::string_view where, const void* data, std::size_t bytes) {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  check(h.contains(data), where, "{} is a host address; device memory was expected", data);
  std::size_t offset = static_cast<std::size_t>(static_cast<const char*>(data) - h.base);
  auto found = h.allocation_at(offset);
  bool inside = found != h.live.end() && offset <= found->first + found->second;
  check(inside, where, "{} points to device memory that was freed or never allocated", data);
  check(offset + bytes <= found->first + found->second, where,
        "{} bytes at byte {} of a device allocation of {} bytes", bytes, offset - found->first,
        found->second);
}

DeviceAccess::DeviceAccess() {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  if (h.open++ == 0) h.protect(PROT_READ | PROT_WRITE);
}

DeviceAccess::~DeviceAccess() {
  Heap& h = heap();
  std::lock_guard lock(h.mutex);
  if (--h.open == 0) h.protect(PROT_NONE);
}

}  // namespace melgrad::sim
