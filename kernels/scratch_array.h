#pragma once
#include <cstddef>

#include "kernels/backend.h"

namespace melgrad {

/// `count` uninitialised values from a backend's caching allocator, given back at the end of the
/// block: what a method needs for itself while it runs. On a GPU the stream runs behind the host,
/// but whoever gets the memory next submits its work later in the same stream.
template <class T>
class ScratchArray {
 public:
  ScratchArray(Backend& backend, i64 count)
      : backend_(backend),
        bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(backend.allocate(bytes_))) {}
  ScratchArray(const ScratchArray&) = delete;
  ScratchArray& operator=(const ScratchArray&) = delete;
  ~ScratchArray() { backend_.deallocate(data_, bytes_); }

  T* data() const { return data_; }
  T& operator[](i64 i) const { return data_[i]; }  // on the CPU

 private:
  Backend& backend_;
  std::size_t bytes_;
  T* data_;
};

}  // namespace melgrad
