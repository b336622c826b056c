#pragma once
#include <ostream>
#include <string>

#include "kernels/error.h"

namespace melgrad {

/// A GPU that need not be there.
struct Gpu {
  const char* name;
  int capability, multiprocessors, shared_memory;
};
inline void PrintTo(const Gpu& gpu, std::ostream* out) { *out << gpu.name; }
inline constexpr Gpu h200{"NVIDIA H200", 900, 132, 232448};

/// As cuDNN 9.19 writes them.
inline std::string properties(const Gpu& gpu) {
  return format(
      R"({"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536, )"
      R"("multiProcessorCount": {}, "warpSize": 32, "maxSharedMemoryPerBlock": 49152, )"
      R"("maxSharedMemoryPerBlockOptin": {}, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, )"
      R"("maxCtasPerSM": 32, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "pciDeviceId": 0, "isTccDriver": 0, )"
      R"("supportCoopLaunch": 1, "totalGlobalMem": 40000000000, "smClockRateKHz": 1980000, "memClockRateKHz": 2600000, )"
      R"("l2CacheSize": 52428800, "cudaDeviceId": 0, "deviceVer": {}, "driverVer": 13000, "deviceName": "{}"})",
      gpu.multiprocessors, gpu.shared_memory, gpu.capability, gpu.name);
}

}  // namespace melgrad
