#pragma once
#include <cstdint>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/scratch_array.h"

namespace melgrad::cuda {

/// Whether the widest loads can read an array. Only a view may begin elsewhere.
inline bool is_aligned(const void* array) {
  return reinterpret_cast<std::uintptr_t>(array) % 16 == 0;
}

/// `count` values for a library: the array, or a copy where that is not aligned. Of a result the copy is written, and taken to its
/// place by finish().
class AlignedArray {
 public:
  AlignedArray(CudaBackend& backend, Dtype dtype, i64 count, void* array, bool is_result)
      : backend_(backend),
        dtype_(dtype),
        count_(count),
        array_(array),
        is_result_(is_result),
        copy_(backend, is_aligned(array) ? 0 : count * static_cast<i64>(size_of(dtype))) {
    if (copy_.data() && !is_result) copy(array_, copy_.data());
  }
  void* data() const { return copy_.data() ? copy_.data() : array_; }
  void finish() const {
    if (copy_.data() && is_result_) copy(copy_.data(), array_);
  }

 private:
  void copy(const void* from, void* to) const {
    backend_.copy({1, {count_}, {1}, {1}}, dtype_, from, dtype_, to);
  }

  CudaBackend& backend_;
  Dtype dtype_;
  i64 count_;
  void* array_;
  bool is_result_;
  ScratchArray<char> copy_;
};

}  // namespace melgrad::cuda
