#include "tensor/files/pytorch/pytorch.h"

#include <string_view>

#include "tensor/files/pytorch/pickle.h"
#include "tests/fuzz/input_file.h"

// Values are read, too: none may lie outside of what was allocated.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace melgrad;
  try {
    unpickle({reinterpret_cast<const char*>(data), size}, 0, "");
  } catch (const Error&) {
  }
  parse_as_file(data, size, [](const auto& path) {
    constexpr i64 most = 4096;
    for (const auto& [name, tensor] : load_pytorch(path).tensors)
      if (tensor.numel() <= most) tensor.clone();
  });
  return 0;
}
