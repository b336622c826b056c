#include "tensor/files/npy.h"

#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  melgrad::parse_as_file(data, size, [](const auto& path) { melgrad::load_npy(path); });
  return 0;
}
