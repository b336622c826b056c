#include "kernels/cuda/runtime/store_bytes.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/device_code.h"

namespace melgrad::cuda {
namespace {

constexpr std::size_t bytes_a_launch = 4000;  // of 4 KiB that arguments may have

struct Bytes {
  unsigned char values[bytes_a_launch];
};

__global__ void store(Bytes bytes, unsigned char* target, unsigned count) {
  for (unsigned i = threadIdx.x; i < count; i += blockDim.x) target[i] = bytes.values[i];
}

}  // namespace

void store_bytes(void* target, const void* source, std::size_t bytes, Stream stream) {
  for (std::size_t first = 0; first < bytes; first += bytes_a_launch) {
    std::size_t count = std::min(bytes - first, bytes_a_launch);
    Bytes argument;
    std::memcpy(argument.values, static_cast<const unsigned char*>(source) + first, count);
    launch<store>(one_block_each(1), stream, argument, static_cast<unsigned char*>(target) + first,
                  static_cast<unsigned>(count));
  }
}

}  // namespace melgrad::cuda
