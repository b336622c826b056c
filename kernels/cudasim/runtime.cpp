#include "kernels/cuda/runtime.h"

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/cudasim/device_memory.h"
#include "kernels/cudasim/stream.h"
#include "kernels/error.h"

// The one stream's work: run when it is submitted, or recorded.
struct CUstream_st {
  bool capturing = false;
  std::vector<std::function<void()>> recorded;
};

namespace melgrad {

void sim::submit(cuda::Stream stream, std::function<void()> work) {
  if (stream->capturing) {
    stream->recorded.push_back(std::move(work));
  } else {
    work();
  }
}

namespace cuda {

std::string device_name(int) { return "simulated GPU"; }
int device_count() { return 1; }
void use_device(int) {}

Stream create_stream() { return new CUstream_st; }

void synchronize(Stream stream) {
  check(!stream->capturing, "cudaStreamSynchronize",
        "a value was read, or waited for, while a CUDA graph is being captured");
}

void* device_malloc(std::size_t bytes) { return sim::device_malloc(bytes); }
void device_free(void* data) { sim::device_free(data); }
MemoryInfo device_memory() { return {sim::device_bytes_free(), sim::device_memory_bytes}; }

void* pinned_malloc(std::size_t bytes) {
  void* data = std::malloc(bytes);
  check(data != nullptr || bytes == 0, "cudaMallocHost", "no {} bytes of host memory left", bytes);
  return data;
}

void pinned_free(void* data) { std::free(data); }

void copy(void* target, const void* source, std::size_t bytes, Direction direction, Stream stream) {
  if (bytes == 0) return;
  if (direction != Direction::to_host) sim::check_device_pointer("cudaMemcpyAsync", target, bytes);
  if (direction != Direction::to_device)
    sim::check_device_pointer("cudaMemcpyAsync", source, bytes);
  sim::submit(stream, [=] {
    sim::DeviceAccess access;
    std::memcpy(target, source, bytes);
  });
}

namespace {

class RecordedGraph final : public Graph {
 public:
  explicit RecordedGraph(std::vector<std::function<void()>> work) : work_(std::move(work)) {}
  void replay(Stream) override {
    for (const auto& step : work_) step();
  }

 private:
  std::vector<std::function<void()>> work_;
};

}  // namespace

void begin_capture(Stream stream) {
  check(!stream->capturing, "cudaStreamBeginCapture", "the stream is being captured already");
  stream->capturing = true;
}

std::unique_ptr<Graph> end_capture(Stream stream) {
  check(stream->capturing, "cudaStreamEndCapture", "the stream is not being captured");
  stream->capturing = false;
  return std::make_unique<RecordedGraph>(std::exchange(stream->recorded, {}));
}

}  // namespace cuda
}  // namespace melgrad
