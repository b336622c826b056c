#pragma once
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/cuda/runtime/runtime.h"
#include "kernels/cudasim/device_memory.h"
#include "kernels/cudasim/libraries/rule.h"
#include "kernels/cudasim/stream.h"
#include "kernels/dtype.h"

/// Arrays in device memory, as the stand-ins check, read and write them.
namespace melgrad::sim {

/// An argument of a call, in bytes.
struct Array {
  std::string_view name;
  const void* data = nullptr;
  i64 bytes = 0;
  i64 alignment = 1;
};

/// How workspaces are aligned. NVIDIA does not say it of all; this is what cudaMalloc gives at least.
inline constexpr i64 area_alignment = 256;

/// Throws Error unless the device has `bytes` there, and the address is a multiple of `alignment`.
void check_array(std::string_view call, const Array& array);
/// Throws Error if what a call writes overlaps what it reads, or what else it writes.
void check_apart(std::string_view call, std::span<const Array> read,
                 std::span<const Array> written);

/// f32 or bf16, here and below.
float load(Dtype dtype, const void* data, i64 index);
void store(Dtype dtype, void* data, i64 index, float value);
/// The first `count` values.
std::vector<float> values(Dtype dtype, const void* data, i64 count);
/// f32 with the 10 bits of fraction that TF32 has, rounded to nearest, ties away from 0.
float as_tf32(float value);
float as_bf16(float value);

/// NaN in every floating dtype.
inline void spoil(void* data, i64 bytes) {
  if (bytes > 0) std::memset(data, 0xff, static_cast<std::size_t>(bytes));
}

/// Runs `work` as the stream's next, or records it, with device memory open.
template <class Work>
void on_device(cuda::Stream stream, Work work) {
  submit(stream, [work = std::move(work)] {
    DeviceAccess access;
    work();
  });
}

}  // namespace melgrad::sim
