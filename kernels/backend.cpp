#include "kernels/backend.h"

#include "kernels/cpu/cpu_backend.h"

namespace melgrad {

Backend& backend(Device device) {
  if (device.is_cpu()) {
    // Never destroyed: tensors in static variables may give their memory back after main() ended.
    static auto* cpu = new CpuBackend;
    return *cpu;
  }
  fail("backend",
       "{}: this build of melgrad has no CUDA. Configure with -DMELGRAD_CUDA=ON on a machine with "
       "an NVIDIA GPU, or use --device cpu",
       to_string(device));
}

}  // namespace melgrad
