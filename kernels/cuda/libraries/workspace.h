#pragma once
#include "kernels/cuda/cuda_backend.h"

namespace melgrad::cuda {

/// At least `bytes` that a library needs while it computes, given back at the end of the block. Those of all shapes are
/// one block of the cache, or whatever lies there and is large enough.
class Workspace {
 public:
  Workspace(CudaBackend& backend, i64 bytes)
      : backend_(backend), loan_(backend.lend(static_cast<std::size_t>(bytes))) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() { backend_.deallocate(loan_.data, loan_.bytes); }

  void* data() const { return loan_.data; }

 private:
  CudaBackend& backend_;
  CachingAllocator::Loan loan_;
};

}  // namespace melgrad::cuda
