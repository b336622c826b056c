#pragma once
#include <cstddef>
#include <string_view>

namespace melgrad::sim {

/// The simulated GPU's memory: one range of addresses that the host may not touch. Outside launches and copies its pages
/// have no access rights; a host access ends the program with a message that names the allocation and the offset.
/// Under AddressSanitizer the gaps between allocations, and freed ones, are poisoned.

inline constexpr std::size_t device_memory_bytes = std::size_t{8} << 30U;

/// 256-byte aligned; null when the device's memory is used up (cudaErrorMemoryAllocation).
void* device_malloc(std::size_t bytes);
/// Throws Error for a pointer that device_malloc did not return or that was freed before.
void device_free(void* data);
std::size_t device_bytes_free();
/// For tests: a device of so many bytes from now on, at most device_memory_bytes.
void set_device_bytes(std::size_t bytes);
std::size_t device_bytes();

/// Throws Error unless `data` points into a live allocation that holds `bytes` from there on (0: just points into it).
void check_device_pointer(std::string_view where, const void* data, std::size_t bytes = 0);
bool is_device_address(const void* data);

/// While one lives the pages are open: for a launch, a copy.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace melgrad::sim
