#include "kernels/backend.h"

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cuda/runtime/devices.h"

namespace melgrad {

Backend& backend(Device device) {
  if (device.is_cpu()) {
    // Never destroyed: tensors in static variables may give their memory back after main() ended.
    static auto* cpu = new CpuBackend;
    return *cpu;
  }
  return cuda_backend(device.index);
}

}  // namespace melgrad
