#include <exception>
#include <utility>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/runtime/store_bytes.h"

namespace melgrad {
namespace {

using Held = std::vector<std::shared_ptr<const void>>;

/// A CUDA graph, the memory it works in, and what else it needs.
class RecordedGraph final : public RecordedWork {
 public:
  RecordedGraph(std::unique_ptr<cuda::Graph> graph, cuda::Stream stream,
                CachingAllocator& allocator, int pool, Held held)
      : held_(std::move(held)),
        graph_(std::move(graph)),
        stream_(stream),
        allocator_(allocator),
        pool_(pool) {}
  // The last replay may still run, but whoever gets the memory next comes later in the stream.
  ~RecordedGraph() override { allocator_.release_pool(pool_); }
  void replay() override { graph_->replay(stream_); }

 private:
  Held held_;  // goes after the graph
  std::unique_ptr<cuda::Graph> graph_;
  cuda::Stream stream_;
  CachingAllocator& allocator_;
  int pool_;
};

}  // namespace

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

void CudaBackend::reset_peak_memory() { allocator_.reset_peak(); }

void CudaBackend::copy_from_host(void* target, const void* source, std::size_t bytes) {
  check_not_recording("a value comes from the host");
  if (bytes <= cuda::most_stored_bytes) return cuda::store_bytes(target, source, bytes, stream_);
  cuda::copy(target, source, bytes, cuda::Direction::to_device, stream_);
  synchronize();  // the caller may overwrite the source
}

void CudaBackend::copy_to_host(void* target, const void* source, std::size_t bytes) {
  check_not_recording("a value is read back");
  cuda::copy(target, source, bytes, cuda::Direction::to_host, stream_);
  synchronize();
}

void CudaBackend::synchronize() {
  check_not_recording("the host waits for the GPU");
  cuda::synchronize(stream_);
}

std::unique_ptr<RecordedWork> CudaBackend::record(const std::function<void()>& step) {
  release_cache();  // what ordinary steps left there, the recorded one cannot use
  allocator_.open_pool();
  std::exception_ptr error;
  std::unique_ptr<cuda::Graph> graph;
  try {
    cuda::begin_capture(stream_);
    recording_ = true;
    step();
  } catch (...) {
    error = std::current_exception();
  }
  try {
    if (recording_) graph = cuda::end_capture(stream_);
  } catch (...) {
    if (!error) error = std::current_exception();  // else the step's own error says why
  }
  recording_ = false;
  Held held = std::exchange(held_, {});
  int pool = allocator_.close_pool();
  if (error) {
    allocator_.release_pool(pool);
    std::rethrow_exception(error);
  }
  return std::make_unique<RecordedGraph>(std::move(graph), stream_, allocator_, pool,
                                         std::move(held));
}

void CudaBackend::hold(std::shared_ptr<const void> used) {
  if (recording_) held_.push_back(std::move(used));
}

void CudaBackend::check_not_recording(std::string_view what) const {
  check(!recording_, "cuda graph",
        "{} within a step that is being recorded: such a step cannot be repeated without the "
        "host. Do it before or after the step",
        what);
}

}  // namespace melgrad
