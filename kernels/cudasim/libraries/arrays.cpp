#include "kernels/cudasim/libraries/arrays.h"

#include <bit>
#include <cstdint>

namespace melgrad::sim {
namespace {

const Rule aligned(
    "CUDA C++ Programming Guide, Device Memory Accesses",
    "an array begins at a multiple of its elements' size, or of what the call asks for");
const Rule apart(
    "cuBLAS, cuDNN and cuFFT",
    "what a call writes overlaps nothing else that it is given, unless said otherwise");

bool overlap(const Array& a, const Array& b) {
  const auto *a_begin = static_cast<const char*>(a.data),
             *b_begin = static_cast<const char*>(b.data);
  return a.bytes > 0 && b.bytes > 0 && a_begin < b_begin + b.bytes && b_begin < a_begin + a.bytes;
}

}  // namespace

void check_array(std::string_view call, const Array& array) {
  if (array.bytes == 0) return;
  check(array.data != nullptr, call, "{} is null, {} bytes are needed", array.name, array.bytes);
  check_device_pointer(call, array.data, static_cast<std::size_t>(array.bytes));
  auto beyond =
      reinterpret_cast<std::uintptr_t>(array.data) % static_cast<std::uintptr_t>(array.alignment);
  aligned.check(beyond == 0, call, "{} begins {} bytes after a multiple of {}", array.name, beyond,
                array.alignment);
}

void check_apart(std::string_view call, std::span<const Array> read,
                 std::span<const Array> written) {
  for (std::size_t i = 0; i < written.size(); ++i) {
    for (const Array& other : read)
      apart.check(!overlap(written[i], other), call, "{} overlaps {}", written[i].name, other.name);
    for (const Array& other : written.first(i))
      apart.check(!overlap(written[i], other), call, "{} overlaps {}", written[i].name, other.name);
  }
}

float load(Dtype dtype, const void* data, i64 index) {
  if (dtype == Dtype::bf16) return static_cast<float>(static_cast<const bf16*>(data)[index]);
  return static_cast<const float*>(data)[index];
}

void store(Dtype dtype, void* data, i64 index, float value) {
  if (dtype == Dtype::bf16) {
    static_cast<bf16*>(data)[index] = bf16(value);
  } else {
    static_cast<float*>(data)[index] = value;
  }
}

std::vector<float> values(Dtype dtype, const void* data, i64 count) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (i64 i = 0; i < count; ++i) result[static_cast<std::size_t>(i)] = load(dtype, data, i);
  return result;
}

float as_tf32(float value) {
  constexpr std::uint32_t lost = 13;  // of 23 bits of fraction
  auto word = std::bit_cast<std::uint32_t>(value);
  bool is_finite = (word & 0x7f800000U) != 0x7f800000U;
  if (is_finite) word += 1U << (lost - 1);
  return std::bit_cast<float>(word >> lost << lost);
}

float as_bf16(float value) { return static_cast<float>(bf16(value)); }

}  // namespace melgrad::sim
