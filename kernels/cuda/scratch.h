#pragma once
#include <cstddef>

#include "kernels/backend.h"

namespace melgrad::cuda {

/// Device memory for the length of a call. The stream runs behind the host, but whoever gets the memory next submits its work later
/// in the same stream.
template <class T>
class Scratch {
 public:
  Scratch(Backend& backend, i64 count)
      : backend_(backend),
        bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(backend.allocate(bytes_))) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { backend_.deallocate(data_, bytes_); }
  T* data() const { return data_; }

 private:
  Backend& backend_;
  std::size_t bytes_;
  T* data_;
};

}  // namespace melgrad::cuda
