#include "kernels/cuda/cuda_backend.h"

namespace melgrad {
void* CudaBackend::allocate(std::size_t bytes) { return allocator_.allocate(bytes); }

// The block may be handed out again while a kernel still reads it: the next user's work comes later in the same stream.
void CudaBackend::deallocate(void* data, std::size_t bytes) noexcept {
  allocator_.deallocate(data, bytes);
}

void CudaBackend::release_cache() {
  synchronize();
  allocator_.release_cache();
}

MemoryStats CudaBackend::memory_stats() const { return allocator_.stats(); }

void CudaBackend::copy_from_host(void* target, const void* source, std::size_t bytes) {
  cuda::copy(target, source, bytes, cuda::Direction::to_device, stream_);
}

void CudaBackend::copy_to_host(void* target, const void* source, std::size_t bytes) {
  cuda::copy(target, source, bytes, cuda::Direction::to_host, stream_);
  synchronize();
}

void CudaBackend::synchronize() { cuda::synchronize(stream_); }

}  // namespace melgrad
