#include "kernels/cuda/runtime/store_bytes.h"

#include <cstring>

#include "kernels/cuda/device_code.h"

namespace melgrad::cuda {
namespace {

struct Bytes {
  unsigned char values[most_stored_bytes];
};

__global__ void store(Bytes bytes, unsigned char* target, unsigned count) {
  for (unsigned i = threadIdx.x; i < count; i += blockDim.x) target[i] = bytes.values[i];
}

}  // namespace

void store_bytes(void* target, const void* source, std::size_t bytes, Stream stream) {
  if (bytes == 0) return;
  Bytes argument;
  std::memcpy(argument.values, source, bytes);
  launch<store>(one_block_each(1), stream, argument, static_cast<unsigned char*>(target),
                static_cast<unsigned>(bytes));
}

}  // namespace melgrad::cuda
