#pragma once
#include "kernels/backend.h"

namespace melgrad {

/// A bf16 array of n values as f32, in memory of the backend's allocator: for operations that
/// compute bf16 by computing f32.
class F32Copy {
 public:
  /// Uninitialised if `values` is null.
  F32Copy(Backend& cpu, i64 n, const void* values = nullptr);
  F32Copy(const F32Copy&) = delete;
  F32Copy& operator=(const F32Copy&) = delete;
  ~F32Copy();

  float* data() const { return data_; }
  /// values = the array, rounded to bf16
  void store(void* values) const;

 private:
  Backend& cpu_;
  i64 n_;
  float* data_;
};

}  // namespace melgrad
