#include "kernels/backend.h"

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cuda/runtime/devices.h"
#include "kernels/profile/profile.h"
#include "kernels/profile/timed_backend.h"

namespace melgrad {

namespace {

Backend& untimed_backend(Device device) {
  if (device.is_cpu()) {
    // Never destroyed: tensors in static variables may give their memory back after main() ended.
    static auto* cpu = new CpuBackend;
    return *cpu;
  }
  return cuda_backend(device.index);
}

}  // namespace

Backend& backend(Device device) {
  Backend& plain = untimed_backend(device);
  return profiling() ? timed(plain) : plain;
}

}  // namespace melgrad
