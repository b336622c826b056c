#include "kernels/cuda/runtime/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/cudasim/device_memory.h"
#include "kernels/cudasim/stream.h"
#include "kernels/error.h"

// A stream runs its work when it is submitted, or records it. A late one, as copy streams always are, runs its own as late
// as a busy GPU might, when somebody waits for it: a missing wait shows as old values.
struct CUstream_st {
  bool late = false, capturing = false, only_copies = false;
  std::vector<std::function<void()>> recorded;
  std::deque<std::function<void()>> waiting;
  std::size_t submitted = 0, done = 0;
  static inline std::size_t times_dry = 0;

  /// For the host, which waits.
  void wait_up_to(std::size_t end) {
    if (done < end && end == submitted && !only_copies) ++times_dry;
    run_up_to(end);
  }

  void run_up_to(std::size_t end) {
    while (done < end) {
      std::function<void()> work = std::move(waiting.front());
      waiting.pop_front();
      ++done;  // also where it fails
      work();
    }
  }
};

// The first `position` pieces of the stream's work. No stream: never recorded.
struct CUevent_st {
  CUstream_st* stream = nullptr;
  std::size_t position = 0;
};

namespace melgrad {
namespace {

std::set<CUstream_st*>& streams() {
  static auto* all = new std::set<CUstream_st*>;  // of backends that outlive static variables, too
  return *all;
}

bool late_from_the_start() {
  const char* wanted = std::getenv("MELGRAD_SIM_STREAM");
  std::string_view name = wanted ? wanted : "prompt";
  check(name == "prompt" || name == "late", "cuda simulator",
        "MELGRAD_SIM_STREAM is prompt or late, not '{}'", name);
  return name == "late";
}

}  // namespace

static std::atomic<i64> all_submissions = 0;
i64 sim::submissions() { return all_submissions; }

void sim::submit(cuda::Stream stream, std::function<void()> work) {
  ++all_submissions;
  if (stream->capturing) {
    stream->recorded.push_back(std::move(work));
  } else if (stream->late) {
    stream->waiting.push_back(std::move(work));
    ++stream->submitted;
  } else {
    work();
  }
}

bool sim::set_late(cuda::Stream stream, bool late) {
  stream->run_up_to(stream->submitted);
  return std::exchange(stream->late, late);
}

std::size_t sim::times_run_dry() { return CUstream_st::times_dry; }

bool sim::is_capturing(cuda::Stream stream) { return stream->capturing; }

bool sim::is_any_capturing() {
  return std::any_of(streams().begin(), streams().end(),
                     [](const CUstream_st* stream) { return stream->capturing; });
}

namespace cuda {

std::string device_name(int) { return "simulated GPU"; }
int device_count() { return 1; }
void use_device(int) {}

Stream create_stream() {
  static const bool late = late_from_the_start();
  auto* stream = new CUstream_st;
  stream->late = late;
  streams().insert(stream);
  return stream;
}
Stream create_copy_stream() {
  Stream stream = create_stream();
  stream->late = stream->only_copies = true;
  return stream;
}
void destroy_stream(Stream stream) {
  stream->run_up_to(stream->submitted);
  streams().erase(stream);
  delete stream;
}

void synchronize(Stream stream) {
  check(!stream->capturing, "cudaStreamSynchronize",
        "a value was read, or waited for, while a CUDA graph is being captured");
  stream->wait_up_to(stream->submitted);
}

Event create_event() { return new CUevent_st; }
void destroy_event(Event event) { delete event; }
void record(Event event, Stream stream) { *event = {stream, stream->submitted}; }
void wait(Stream stream, Event event) {
  sim::submit(stream, [event = *event] {
    if (event.stream) event.stream->run_up_to(event.position);
  });
}
void synchronize(Event event) {
  if (event->stream) event->stream->wait_up_to(event->position);
}

void* device_malloc(std::size_t bytes) { return sim::device_malloc(bytes); }
void device_free(void* data) {  // and waits for all that the device was given, as cudaFree does
  for (CUstream_st* stream : streams()) stream->run_up_to(stream->submitted);
  sim::device_free(data);
}
MemoryInfo device_memory() { return {sim::device_bytes_free(), sim::device_bytes()}; }

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
  explicit RecordedGraph(std::vector<std::function<void()>> work)
      : work_(std::make_shared<const std::vector<std::function<void()>>>(std::move(work))) {}
  void replay(Stream stream) override {
    sim::submit(stream, [work = work_] {
      for (const auto& step : *work) step();
    });
  }

 private:
  std::shared_ptr<const std::vector<std::function<void()>>> work_;
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
